import { WRITABLE_SHARE } from './forecast.ts'

/** What is known in the middle of a copy. */
export interface Pace {
  /** Bytes that are still to be sent, memory and disks. */
  readonly remainingBytes: number
  /** Bytes per second over the last seconds, as measured. */
  readonly bytesPerSecond: number
  /** Bytes per second that the guest writes meanwhile; null: not known yet. */
  readonly dirtyBytesPerSecond: number | null
}

/** How long it takes. */
export interface Eta {
  /** Milliseconds until the switchover; null: nothing moves, or it does not converge. */
  readonly etaMs: number | null
  /** What the guest writes meanwhile is not known: it may take longer. */
  readonly etaIsAtLeast: boolean
}

/** What is written while the rest is sent has to be sent as well, and so on: each pass is shorter by the same share. */
export function eta({ remainingBytes, bytesPerSecond, dirtyBytesPerSecond }: Pace): Eta {
  const dirty = dirtyBytesPerSecond ?? 0
  if (bytesPerSecond <= 0 || dirty > bytesPerSecond * WRITABLE_SHARE)
    return { etaMs: null, etaIsAtLeast: false }
  const etaMs = Math.round((remainingBytes * 1000) / (bytesPerSecond - dirty))
  return { etaMs, etaIsAtLeast: dirtyBytesPerSecond === null }
}
