import type { Clock } from '@vmferry/core/driver'

/** A clock that moves only when it is told to. */
export interface FakeClock extends Clock {
  /** Moves on by `ms`, calling what falls due in order, and lets promises run in between. */
  advance(ms: number): Promise<void>
  /** Moves on from timer to timer until the promise settles; rejects if it waits for something that is no timer. */
  until<T>(work: Promise<T>): Promise<T>
}

export function fakeClock(): FakeClock {
  let time = 0
  let due: { readonly at: number; readonly callback: () => void }[] = []
  /** Lets the next timer up to `end` fire. */
  const step = async (end: number): Promise<boolean> => {
    await settled()
    const next = due.filter(({ at }) => at <= end).toSorted((one, other) => one.at - other.at)[0]
    if (!next) return false
    due = due.filter((timer) => timer !== next)
    time = Math.max(time, next.at)
    next.callback()
    return true
  }
  return {
    now: () => 1_700_000_000_000 + time,
    monotonic: () => time,
    schedule(ms, callback) {
      const timer = { at: time + ms, callback }
      due.push(timer)
      return () => {
        due = due.filter((other) => other !== timer)
      }
    },
    async advance(ms) {
      const end = time + ms
      while (await step(end)) void end
      time = end
    },
    async until(work) {
      const end = work.then(
        () => true,
        () => true,
      )
      const isOver = async (): Promise<boolean> => (await Promise.race([end, settled()])) === true
      while (!(await isOver())) {
        if (!(await step(Number.POSITIVE_INFINITY)) && !(await isOver()))
          throw new Error('it waits for no timer')
      }
      return work
    },
  }
}

/** Lets everything that is ready run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
