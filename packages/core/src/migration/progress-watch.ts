import { abortError, type Progress, type TransferProgress, vmError } from '../driver/index.ts'
import { eta } from './eta.ts'
import type { Run } from './run.ts'

/** Rates are taken over this many milliseconds. */
const WINDOW = 3_000

/** What `perform` is given to tell its progress to, and the signal that fires when the bytes stop moving. */
export interface ProgressWatch {
  readonly signal: AbortSignal
  readonly onProgress: (event: Progress) => void
  end(): void
}

/**
 * Turns a driver's progress into events with rate and ETA, and is the watchdog of the copy: bytes that do not move for
 * `limits.stall` milliseconds mean a stalled link, which no hypervisor reports by itself (measured on QEMU 7.2: a cut
 * link leaves the status `active` for ever).
 */
export function watchProgress(run: Run): ProgressWatch {
  const { at, clock, limits, cancelled, log } = run
  const stop = new AbortController()
  const samples: { time: number; bytes: number }[] = []

  const relay = (): void => {
    if (!at.postCopy) stop.abort(abortError(cancelled, 'the migration'))
  }
  if (cancelled.aborted) relay()
  cancelled.addEventListener('abort', relay, { once: true })

  const stalled = (): void => {
    const message = `no byte has moved for ${limits.stall} ms on the way from ${run.source.host} to ${run.target.host}`
    const remedy = 'look at the network between the hosts, then migrate again'
    stop.abort(vmError('VM_TIMEOUT', message, { phase: at.phase, host: run.target.host, remedy }))
  }
  let stopWatch = clock.schedule(limits.stall, stalled)

  const transferred = (event: TransferProgress): void => {
    const time = clock.monotonic()
    at.performingAt ??= time
    if (event.bytes > at.bytes) {
      stopWatch()
      stopWatch = clock.schedule(limits.stall, stalled)
    }
    at.bytes = Math.max(at.bytes, event.bytes)
    at.rounds = event.round
    samples.push({ time, bytes: at.bytes })
    while (samples.length > 2 && time - (samples[0]?.time ?? time) > WINDOW) samples.shift()
    const first = samples[0] ?? { time, bytes: at.bytes }
    const rate = time > first.time ? ((at.bytes - first.bytes) * 1000) / (time - first.time) : 0
    const { remainingBytes, dirtyBytesPerSecond = null } = event
    // a guest that stands still writes nothing, whatever was measured before
    const dirty = at.stoppedAt === null ? dirtyBytesPerSecond : 0
    log.emit({
      type: 'progress',
      round: event.round,
      bytes: at.bytes,
      totalBytes: at.bytes + remainingBytes,
      bytesPerSecond: Math.round(rate),
      ...eta({ remainingBytes, bytesPerSecond: rate, dirtyBytesPerSecond: dirty }),
    })
  }

  return {
    signal: stop.signal,
    onProgress(event) {
      if (event.type === 'transfer') transferred(event)
      else if (event.type === 'stopped') at.stoppedAt ??= clock.monotonic() - (event.ago ?? 0)
      else log.emit(event)
    },
    end() {
      at.performedAt = clock.monotonic()
      stopWatch()
      cancelled.removeEventListener('abort', relay)
    },
  }
}
