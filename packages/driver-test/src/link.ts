import { abortError } from '@vmferry/core/driver'

/** The way of the bytes from one host to another: plain data. */
export interface Link {
  readonly from: string
  readonly to: string
  /** How much it carries for each migration; `Infinity` is possible. May be changed at any time. */
  bytesPerSecond: number
  /** Milliseconds that the end of each round, and of the stream, is under way. May be changed at any time. */
  latencyMs: number
  /** False: no byte moves, and nobody is told. */
  readonly up: boolean
  /** How often {@link Link.reset} was called. */
  readonly resets: number
  /** Bytes stop moving, without a word: what is performing hangs until its signal fires or the link is restored. */
  cut(): void
  /** Bytes move again. */
  restore(): void
  /** Every stream that is open now breaks: what is performing fails. A stream that is opened later is carried. */
  reset(): void
  /** Resolves when bytes move or the link was reset; rejects with the signal's error. */
  passable(signal: AbortSignal): Promise<void>
}

export function createLink(from: string, to: string, bytesPerSecond: number, latencyMs: number): Link {
  const waiting = new Set<() => void>()
  let up = true
  let resets = 0
  const wake = (): void => {
    for (const resume of waiting) resume()
    waiting.clear()
  }
  return {
    from,
    to,
    bytesPerSecond,
    latencyMs,
    get up() {
      return up
    },
    get resets() {
      return resets
    },
    cut() {
      up = false
    },
    restore() {
      up = true
      wake()
    },
    reset() {
      resets += 1
      wake()
    },
    passable(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(abortError(signal, 'a transfer'))
        if (up) return resolve()
        const resume = (): void => {
          signal.removeEventListener('abort', giveUp)
          resolve()
        }
        const giveUp = (): void => {
          waiting.delete(resume)
          reject(abortError(signal, 'a transfer'))
        }
        waiting.add(resume)
        signal.addEventListener('abort', giveUp, { once: true })
      })
    },
  }
}
