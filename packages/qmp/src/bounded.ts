import { abortError, vmError } from '@vmferry/core/driver'
import type { QmpClock } from './clock.ts'

/** setTimeout fires at once beyond this; it is 24 days, so no timer at all is as good. */
const LONGEST_TIMER = 2 ** 31 - 1

/** What ends a wait from outside. */
export interface Bounds {
  readonly clock: QmpClock
  /** What is waited for, as the subject of an error's sentence. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
  /** In milliseconds; absent or Infinity: no time-out. */
  readonly timeout?: number | undefined
  /** The error for a time-out. */
  readonly expired: () => Error
}

/** How the thing waited for ends the wait; everything but the first call does nothing. */
export interface Settle<T> {
  resolve(value: T): void
  reject(error: Error): void
}

/**
 * A promise that a signal and a time-out can end early. `begin` starts the wait and returns what takes it back,
 * which runs however the wait ends; neither timers nor listeners outlive it.
 */
export function bounded<T>(bounds: Bounds, begin: (settle: Settle<T>) => () => void): Promise<T> {
  const { clock, what, signal, timeout = Infinity, expired } = bounds
  return new Promise<T>((resolve, reject) => {
    if (!(timeout >= 0)) throw vmError('VM_INVALID', `the time-out of ${what} is ${timeout} ms`)
    if (signal?.aborted) throw abortError(signal, what)

    const undo: (() => void)[] = []
    let settled = false
    const settle = (act: () => void): void => {
      if (settled) return
      settled = true
      for (const step of undo) step()
      act()
    }

    if (signal !== undefined) {
      const onAbort = (): void => settle(() => reject(abortError(signal, what)))
      signal.addEventListener('abort', onAbort, { once: true })
      undo.push(() => signal.removeEventListener('abort', onAbort))
    }
    if (timeout <= LONGEST_TIMER) undo.push(clock.schedule(timeout, () => settle(() => reject(expired()))))
    const leave = begin({
      resolve: (value) => settle(() => resolve(value)),
      reject: (error) => settle(() => reject(error)),
    })
    if (settled) leave()
    else undo.push(leave)
  })
}
