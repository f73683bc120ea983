import type { Clock } from '@vmferry/core/driver'

/** A clock that knows which of its timers are still to come. */
export interface CountedClock extends Clock {
  readonly pending: number
}

export function countedClock(clock: Clock): CountedClock {
  const due = new Set<object>()
  return {
    get pending() {
      return due.size
    },
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    schedule(ms, callback) {
      const timer = {}
      due.add(timer)
      const stop = clock.schedule(ms, () => {
        due.delete(timer)
        callback()
      })
      return () => {
        due.delete(timer)
        stop()
      }
    },
  }
}
