import { vmError } from '@vmferry/core/driver'
import type { SignalName } from './exit-code.ts'

/** Ctrl-C and SIGTERM, on a pipe as on a terminal. */
export interface Interruption {
  /** Fires at the first signal, unless signals were handed over before. */
  readonly signal: AbortSignal
  /** The first signal that came. */
  readonly name: SignalName | null
  /** The work's own end, or VM_ABORTED as soon as `signal` fires. */
  wait<T>(work: Promise<T>): Promise<T>
  /** From here on each signal is told to `handler` and does nothing else. */
  handOver(handler: (name: SignalName) => void): void
  /** Ends all waiting with that error; false: signals were handed over, and nobody waits. */
  fail(error: Error): boolean
}

/** Listens for the rest of the process's life. Until they are handed over, a second signal ends the process as usual. */
export function listenForSignals(): Interruption {
  const abort = new AbortController()
  let listening = false
  let first: SignalName | null = null
  let handler: ((name: SignalName) => void) | null = null

  const stop = (error: Error): void => {
    for (const each of SIGNALS) process.off(each, receive)
    listening = false
    abort.abort(error)
  }
  const receive = (name: SignalName): void => {
    first ??= name
    if (handler) return handler(name)
    stop(vmError('VM_ABORTED', `interrupted by ${name}`))
  }
  const listen = (): void => {
    // taking a listener away, even for a moment, would let a signal end the process
    if (!listening) for (const each of SIGNALS) process.on(each, receive)
    listening = true
  }
  const aborted = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason as Error))
  })
  aborted.catch(() => {})

  listen()
  return {
    signal: abort.signal,
    get name() {
      return first
    },
    wait: (work) => Promise.race([work, aborted]),
    handOver(next) {
      handler = next
      listen()
    },
    fail(error) {
      if (handler) return false
      stop(error)
      return true
    },
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
