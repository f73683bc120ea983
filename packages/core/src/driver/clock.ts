import { abortError } from './error.ts'

/** Time as core and the drivers see it. An application may pass its own (a simulation does). */
export interface Clock {
  /** Milliseconds since the epoch, as `Date.now()`: for time stamps that people read. */
  now(): number
  /** Milliseconds from an arbitrary start that never goes back: for durations. */
  monotonic(): number
  /** Calls `callback` once after `ms` milliseconds; the returned function cancels it and may be called at any time. */
  schedule(ms: number, callback: () => void): () => void
}

/** Resolves after `ms` milliseconds of `clock`; rejects with the signal's error as soon as `signal` fires. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal, 'a wait'))
    const stop = clock.schedule(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = (): void => {
      stop()
      reject(abortError(signal as AbortSignal, 'a wait'))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The source of randomness: ids come from here, so that a simulation can replay them. */
export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array
}
