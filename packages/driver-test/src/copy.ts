import {
  abortError,
  type EffectOptions,
  type Performed,
  sleep,
  type TransferProgress,
  vmError,
} from '@vmferry/core/driver'
import type { During } from './gate.ts'
import { catchUp } from './guest.ts'
import type { OutgoingFile } from './migration-file.ts'
import { turnToPostCopy } from './rest.ts'
import type { Stream } from './stream.ts'
import type { TestHost } from './test-host.ts'

/** Seconds of transfer between two looks at the link, the limits and the receiver; also the pace of progress. */
const SLICE = 0.1

/** What {@link copyGuest} works on. */
export interface CopyTask {
  readonly at: TestHost
  readonly file: OutgoingFile
  readonly stream: Stream
  readonly during: During
  readonly call: EffectOptions
}

/**
 * Pre-copy: all pages, then those that were written meanwhile, until the rest fits the longest downtime or the rounds
 * run out; then the guest is stopped and the rest goes over. A guest that is not to be live is stopped first. One whose
 * process is gone is not copied: VM_PHASE_FAILED. Where post-copy was asked for, the guest goes over to it instead of being
 * stopped with too much left, or as soon as it is told to.
 */
export async function copyGuest({ at, file, stream, during, call }: CopyTask): Promise<Performed> {
  const { world, capabilities } = at
  const { guest, limits, request } = file
  const { memory } = guest
  const { link } = stream
  const copied = { round: 0, bytes: 0 }
  let dueAt = world.now()
  let stoppedAt: number | null = null

  const rate = (): number => Math.min(link.bytesPerSecond, limits.bandwidth || Number.POSITIVE_INFINITY)

  const stop = (): void => {
    if (guest.state === 'running') {
      stoppedAt = world.now()
      call.onProgress?.({ type: 'stopped' })
    }
    world.change(guest, 'stopped')
  }

  const tell = (remainingBytes: number): void => {
    if (capabilities.progress === 'none') return
    const { dirtyPerSecond } = memory.registers
    const dirtyBytesPerSecond = guest.state === 'running' ? dirtyPerSecond * memory.pageBytes : 0
    const totalBytes = memory.pages * memory.pageBytes
    const event: TransferProgress = {
      type: 'transfer',
      ...copied,
      remainingBytes,
      totalBytes,
      dirtyBytesPerSecond,
    }
    call.onProgress?.(event)
  }

  /** Takes its time for so many bytes. Times are kept absolute, so that a coarse timer does not add up. */
  const carry = async (bytes: number, behind: number): Promise<void> => {
    for (let left = bytes; left > 0; ) {
      const slice = Math.min(left, Math.max(1, Math.ceil(rate() * SLICE)))
      dueAt = Math.max(world.now(), dueAt) + (slice * 1000) / rate()
      await sleep(world.clock, dueAt - world.now(), call.signal)
      await link.passable(call.signal)
      stream.verify()
      if (stream.carry) await stream.carry(slice)
      left -= slice
      copied.bytes += slice
      tell(left + behind)
    }
  }

  /** The time until what was sent last is at the other end. */
  const arrival = async (): Promise<void> => {
    if (link.latencyMs === 0) return
    await sleep(world.clock, link.latencyMs, call.signal)
    await link.passable(call.signal)
    stream.verify()
  }

  /** Sends the pages; resolves with those that post-copy is to bring. */
  const sendRound = async (pages: readonly number[]): Promise<readonly number[]> => {
    copied.round += 1
    const half = Math.floor(pages.length / 2)
    let halfway = copied.round > 1
    for (let next = 0; next < pages.length; ) {
      if (!halfway && next >= half) {
        halfway = true
        await during()
      }
      refuseStopped()
      if (limits.suspended && guest.state === 'running') stop()
      if (goesOver()) return pages.slice(next)
      const most = Math.floor((rate() * SLICE) / memory.pageBytes)
      // however fast the link is, the first round has a middle
      const end = Math.min(next + Math.max(1, most), halfway ? pages.length : half)
      const batch = pages.slice(next, end)
      catchUp(guest, world.now())
      const contents = batch.map((page) => ({ page, words: memory.read(page) }))
      next += batch.length
      await carry(batch.length * memory.pageBytes, (pages.length - next) * memory.pageBytes)
      for (const { page, words } of contents) {
        const sent = stream.page(page, words)
        if (sent) await sent
      }
    }
    await arrival()
    return []
  }

  const goesOver = (): boolean => limits.postCopy && guest.state === 'running' && stream.turn !== undefined

  const runsOn = (): boolean => {
    catchUp(guest, world.now())
    if (guest.state !== 'running') return false
    const restMs = (memory.dirtyPages * memory.pageBytes * 1000) / rate()
    if (restMs <= limits.maxDowntime) return false
    if (copied.round < world.maxRounds) return true
    if (request.postCopy && stream.turn) {
      limits.postCopy = true
      return true
    }
    const message = `'${guest.name}' writes faster than the link carries: stopped after ${copied.round} rounds`
    call.onProgress?.({ type: 'warning', code: 'not-converging', message })
    return false
  }

  /** Whoever stopped the copying may have run the guest again: nothing may be waited for between this and a change. */
  const refuseStopped = (): void => {
    if (call.signal.aborted) throw abortError(call.signal, 'the copying')
  }

  // a crash from here on ends the copying by its signal
  if (guest.state === 'failed' || guest.state === 'off')
    throw vmError('VM_PHASE_FAILED', `the process of '${guest.name}' on ${guest.host} is gone`, {
      host: guest.host,
      phase: 'perform',
    })
  refuseStopped()
  const startedAt = world.now()
  catchUp(guest, startedAt)
  if (!request.live) stop()
  memory.markAll()
  do {
    const unsent = await sendRound(memory.takeDirty())
    refuseStopped()
    if (guest.state !== 'stopped' && !goesOver() && !runsOn()) stop()
    if (goesOver()) {
      await turnToPostCopy({ at, file, stream, call, unsent, stop })
      return { rounds: copied.round, bytes: copied.bytes, setupMs: 0, postCopy: true }
    }
  } while (guest.state !== 'stopped' || memory.dirtyPages > 0)
  await arrival()
  refuseStopped()
  const arrived = stream.end(memory.registers)
  if (arrived) {
    await arrived
    refuseStopped()
  }
  file.sent = true

  return {
    rounds: copied.round,
    bytes: copied.bytes,
    setupMs: 0,
    ...(stoppedAt !== null && { hypervisorDowntimeMs: world.now() - stoppedAt }),
  }
}
