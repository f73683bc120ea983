import type { Duplex } from 'node:stream'
import { abortError } from '@vmferry/core/driver'

/** A UNIX socket on which a route listens. */
export interface Listening {
  readonly accepted: AcceptQueue
  /** Ends the listening and removes the socket. Idempotent. */
  close(): Promise<void>
}

/** Connections that came in, until somebody takes them. */
export interface AcceptQueue {
  push(stream: Duplex): void
  /** Nothing more comes; `error`: and that was not by will. What nobody took is destroyed. */
  end(error?: Error): void
  take(): Promise<IteratorResult<Duplex, undefined>>
}

interface Taker {
  resolve(result: IteratorResult<Duplex, undefined>): void
  reject(error: Error): void
}

export function acceptQueue(): AcceptQueue {
  const waiting: Duplex[] = []
  const takers: Taker[] = []
  let over: { readonly error?: Error } | null = null
  return {
    push(stream) {
      // Whoever takes it later listens for errors; until then one must not end the program.
      stream.on('error', () => {})
      const taker = takers.shift()
      if (over) stream.destroy()
      else if (taker) taker.resolve({ done: false, value: stream })
      else waiting.push(stream)
    },
    end(error) {
      if (over) return
      over = error ? { error } : {}
      for (const stream of waiting.splice(0)) stream.destroy()
      for (const taker of takers.splice(0)) {
        if (error) taker.reject(error)
        else taker.resolve({ done: true, value: undefined })
      }
    },
    async take() {
      const stream = waiting.shift()
      if (stream) return { done: false, value: stream }
      if (over?.error) throw over.error
      if (over) return { done: true, value: undefined }
      return new Promise((resolve, reject) => takers.push({ resolve, reject }))
    },
  }
}

/** The accepted connections as an iteration, which a signal ends as well. */
export function accepting(
  listening: Listening,
  signals: readonly AbortSignal[],
  keep: (stream: Duplex) => Duplex,
): AsyncIterable<Duplex> {
  const fire = (): void => {
    const fired = signals.find((signal) => signal.aborted)
    if (fired) finish(abortError(fired))
  }
  const finish = (error?: Error): void => {
    for (const signal of signals) signal.removeEventListener('abort', fire)
    listening.accepted.end(error)
    // Best effort: what cannot be unbound goes with the connection.
    void listening.close()
  }
  for (const signal of signals) signal.addEventListener('abort', fire)
  fire()
  const iterator: AsyncIterator<Duplex, undefined> = {
    async next() {
      const taken = await listening.accepted.take()
      return taken.done === true ? taken : { done: false, value: keep(taken.value) }
    },
    async return() {
      finish()
      await listening.close()
      return { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}
