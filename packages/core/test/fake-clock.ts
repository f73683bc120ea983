import type { Clock } from '../src/driver/index.ts'

/** A clock that moves only when it is told to. */
export interface FakeClock extends Clock {
  /** Moves on by `ms`, calling what falls due in order, and lets promises run in between. */
  advance(ms: number): Promise<void>
}

export function fakeClock(): FakeClock {
  let time = 0
  let count = 0
  const due = new Map<number, { at: number; callback: () => void }>()
  return {
    now: () => 1_700_000_000_000 + time,
    monotonic: () => time,
    schedule(ms, callback) {
      const key = count++
      due.set(key, { at: time + ms, callback })
      return () => due.delete(key)
    },
    async advance(ms) {
      const end = time + ms
      for (;;) {
        await settled()
        const next = [...due].filter(([, { at }]) => at <= end).toSorted(([, a], [, b]) => a.at - b.at)[0]
        if (!next) break
        due.delete(next[0])
        time = Math.max(time, next[1].at)
        next[1].callback()
      }
      time = end
      await settled()
    },
  }
}

/** Lets everything that is ready run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
