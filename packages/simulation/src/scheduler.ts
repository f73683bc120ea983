import { eventQueue } from './event-queue.ts'
import type { SeededRandom } from './seeded-random.ts'
import { thrown } from './thrown.ts'

/** Virtual time: it stands still while anything happens, and jumps to the next event when nothing is left to do. */
export interface Scheduler {
  /** Milliseconds since the start. */
  now(): number
  /** Lets `event` happen after `ms` milliseconds; the returned function takes it back. */
  after(ms: number, event: () => void): () => void
  /**
   * Lets events happen, `between` them the look of whoever wants to see each result, until none is left (`quiet`), the
   * next one is later than `until` (`late`), or `between` says false (`stopped`).
   */
  run(until: number, between: () => boolean): Promise<'quiet' | 'late' | 'stopped'>
}

/** What is due at the same time happens in an order that the seed decides. */
export function createScheduler(random: SeededRandom): Scheduler {
  const queue = eventQueue()
  let time = 0
  return {
    now: () => time,
    after(ms, event) {
      const planned = { at: time + Math.max(0, ms), tie: random.below(0x4000_0000), run: event }
      queue.add(planned)
      return () => {
        planned.run = nothing
      }
    },
    run: (until, between) =>
      new Promise((resolve, reject) => {
        const step = (): void => {
          try {
            if (!between()) return resolve('stopped')
            const next = queue.next((planned) => planned.run === nothing)
            if (!next) return resolve('quiet')
            if (next.at > until) return resolve('late')
            time = next.at
            next.run()
            settled(step)
          } catch (error) {
            reject(thrown(error))
          }
        }
        settled(step)
      }),
  }
}

function nothing(): void {}

/**
 * Calls back when no microtask is left. A tick that is asked for by a microtask comes after all others, however many they
 * are and however long their chains; it costs a third of what `setImmediate` does.
 */
function settled(callback: () => void): void {
  queueMicrotask(() => process.nextTick(callback))
}
