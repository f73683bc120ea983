import { setMaxListeners } from 'node:events'
import type { CallOptions, VmError } from '@vmferry/core/driver'
import { abortError } from '@vmferry/core/driver'

/** The life of a channel or a connection: once it has ended, everything under way and everything later rejects. */
export interface Lifeline {
  /** Fires once, when the life ends; its reason is the error given to {@link Lifeline.end}. */
  readonly signal: AbortSignal
  end(error: VmError): void
  /**
   * Runs `begin` until it settles, the caller aborts or the life ends, whichever comes first. `begin` is told by
   * `stop`, whose reason is the error that the caller has got, and puts away what it made in vain.
   */
  run<T>(call: CallOptions, begin: (stop: AbortSignal) => Promise<T>): Promise<T>
}

/** @param parent a life that this one cannot outlast */
export function lifeline(parent?: AbortSignal): Lifeline {
  const ended = new AbortController()
  // Any number of calls may be under way.
  setMaxListeners(0, ended.signal)
  const follow = (): void => {
    if (parent) end(abortError(parent))
  }
  const end = (error: VmError): void => {
    parent?.removeEventListener('abort', follow)
    ended.abort(error)
  }
  if (parent?.aborted === true) follow()
  else parent?.addEventListener('abort', follow)
  return { signal: ended.signal, end, run: (call, begin) => untilStopped([call.signal, ended.signal], begin) }
}

/** Runs `begin` until it settles or one of the signals fires. AbortSignal.any would leak on a long-lived signal. */
export async function untilStopped<T>(
  signals: readonly AbortSignal[],
  begin: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  const fired = signals.find((signal) => signal.aborted)
  if (fired) throw abortError(fired)
  const stop = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const release = (): void => signals.forEach((signal) => signal.removeEventListener('abort', halt))
    const halt = (): void => {
      release()
      const error = abortError(signals.find((signal) => signal.aborted) ?? stop.signal)
      reject(error)
      stop.abort(error)
    }
    signals.forEach((signal) => signal.addEventListener('abort', halt))
    begin(stop.signal).then(resolve, reject).finally(release)
  })
}
