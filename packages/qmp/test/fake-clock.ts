import type { QmpClock } from '../src/index.ts'

/** A clock whose time passes only by `advance`. */
export interface FakeClock extends QmpClock {
  advance(ms: number): void
  /** How many timers are set. */
  readonly timers: number
}

export function fakeClock(): FakeClock {
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>()
  let now = 0
  return {
    schedule(ms, callback) {
      const timer = { at: now + ms, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      now += ms
      for (const timer of timers) {
        if (timer.at > now) continue
        timers.delete(timer)
        timer.callback()
      }
    },
    get timers() {
      return timers.size
    },
  }
}
