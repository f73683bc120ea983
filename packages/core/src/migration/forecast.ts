import type { Measurement, MigrationRequest, Offer } from '../driver/index.ts'

/** What can be said before a migration of how long it will take, and what that rests on. JSON data. */
export interface Forecast extends Measurement {
  /** Bytes per second that the copy can count on: what the link carried, at most the bandwidth that was asked for; null: neither is known. */
  readonly bytesPerSecond: number | null
  /** Milliseconds from the first byte to the switchover; null: it cannot be told, or does not converge. */
  readonly totalMs: number | null
  /** It may take longer than `totalMs`: the link or the guest's writes were not measured. */
  readonly totalIsAtLeast: boolean
  /** Milliseconds of those in which the guest stands still, where it is stopped for the whole copy; null: it is not, or that cannot be told. */
  readonly silentMs: number | null
  /** The rest gets small enough for the longest downtime while the guest runs; null: it cannot be told, or the guest does not run. */
  readonly converges: boolean | null
  /** Least bytes per second at which it converges; null: the guest's writes were not measured, or it writes nothing. */
  readonly leastBytesPerSecond: number | null
}

/** A copy that is only a little faster than the guest writes never ends in practice: so much of the rate may be written. */
export const WRITABLE_SHARE = 0.9

/** What is still to be sent, and how fast: bytes, bytes per second, milliseconds. */
interface Course {
  readonly memory: number
  readonly rate: number
  readonly dirty: number
  readonly maxDowntime: number
}

/** What follows from the figures. The first pass carries everything, each later one what was written during the one before. */
export function forecastOf(
  request: Pick<MigrationRequest, 'live' | 'bandwidth' | 'postCopy'>,
  offer: Pick<Offer, 'memoryBytes' | 'runState'>,
  measured: Measurement,
): Forecast {
  const { linkBytesPerSecond: link, diskBytes, maxDowntime } = measured
  const runs = request.live && offer.runState === 'running'
  const dirty = runs ? measured.dirtyBytesPerSecond : 0
  const rate = rateOf(link, request.bandwidth)
  const memory = Math.min(offer.memoryBytes, measured.usedMemoryBytes ?? offer.memoryBytes)
  const least = runs ? leastRate(memory, dirty ?? 0, maxDowntime) : null
  const blocked = least !== null && rate !== null && rate < least
  const told = runs && dirty !== null && rate !== null && (blocked || link !== null)
  const totalMs =
    rate === null ? null : total({ memory, rate, dirty: dirty ?? 0, maxDowntime }, blocked, request)
  const withDisks = totalMs === null || rate === null ? null : Math.round(totalMs + (diskBytes * 1000) / rate)
  return {
    ...measured,
    bytesPerSecond: rate,
    totalMs: withDisks,
    totalIsAtLeast: withDisks !== null && (link === null || dirty === null),
    silentMs: request.live || offer.runState !== 'running' ? null : withDisks,
    converges: told ? !blocked : null,
    leastBytesPerSecond: least,
  }
}

function rateOf(link: number | null, limit: number): number | null {
  const known = [link ?? 0, limit].filter((rate) => rate > 0)
  return known.length === 0 ? null : Math.min(...known)
}

/** Either the passes get shorter, or all that there is fits the downtime at once. */
function leastRate(memory: number, dirty: number, maxDowntime: number): number | null {
  if (dirty === 0) return null
  return Math.ceil(Math.min(dirty / WRITABLE_SHARE, (memory * 1000) / maxDowntime))
}

/** Milliseconds for the memory. Post-copy carries once more what was written; a guest that is slowed down takes nobody knows how long. */
function total(
  course: Course,
  blocked: boolean,
  { postCopy }: Pick<MigrationRequest, 'postCopy'>,
): number | null {
  const { memory, rate, dirty } = course
  const once = (memory * 1000) / rate
  if (!blocked) return passes(course)
  return postCopy ? once + Math.min(once, (dirty * once) / rate) : null
}

function passes({ memory, rate, dirty, maxDowntime }: Course): number {
  let [rest, ms] = [memory, 0]
  while ((rest * 1000) / rate > maxDowntime) {
    ms += (rest * 1000) / rate
    rest = Math.min(memory, (rest * dirty) / rate)
  }
  return ms + (rest * 1000) / rate
}
