import type { Clock, JournalStep } from '@vmferry/core'
import type { Machine } from './machine.ts'
import type { Point, Stage } from './matrix.ts'
import type { Passage } from './passage.ts'
import type { Scheduler } from './scheduler.ts'

/** A moment in the life of a controller at which a fault can strike. */
export interface Moment {
  readonly controller: Controller
  readonly stage: Stage | null
  readonly point: Point
  /** The call that is on its way; absent where the journal is written. */
  readonly passage?: Passage
}

/** A controller: one process. All that it does to the outside goes through `enter`, so that it can be stopped anywhere. */
export interface Controller {
  readonly name: string
  readonly machine: Machine
  readonly clock: Clock
  /** Neither dead nor frozen. */
  readonly runs: boolean
  readonly dead: boolean
  /** Milliseconds by which its wall clock is wrong. */
  skew: number
  /** It has sent its first `begin`: from there on, a claim or a look is part of cleaning up. */
  begun: boolean
  /** Lets the process do something: at once, when it is woken, or never. */
  enter(work: () => void): void
  /** The same after some time. */
  later(ms: number, work: () => void): () => void
  /** Tells the world's faults where this process is. */
  reach(where: { readonly point: Point; readonly step?: JournalStep; readonly passage?: Passage }): void
  crash(): void
  freeze(): void
  wake(): void
}

const STAGE_OF_STEP: Partial<Record<JournalStep, Stage>> = {
  begin: 'begin',
  prepare: 'prepare',
  perform: 'perform',
  postcopy: 'switchover',
  committing: 'switchover',
}

export function createController(
  name: string,
  machine: Machine,
  scheduler: Scheduler,
  strike: (moment: Moment) => void,
): Controller {
  let state: 'runs' | 'frozen' | 'dead' = 'runs'
  let backlog: (() => void)[] = []
  const controller: Controller = {
    name,
    machine,
    clock: {
      now: () => EPOCH + scheduler.now() + controller.skew,
      monotonic: () => scheduler.now(),
      schedule: (ms, callback) => controller.later(ms, callback),
    },
    get runs() {
      return state === 'runs'
    },
    get dead() {
      return state === 'dead'
    },
    skew: 0,
    begun: false,
    enter(work) {
      if (state === 'runs') work()
      else if (state === 'frozen') backlog.push(work)
    },
    later(ms, work) {
      let cancelled = false
      const run = (): void => {
        if (!cancelled) work()
      }
      const stop = scheduler.after(ms, () => controller.enter(run))
      return () => {
        cancelled = true
        stop()
      }
    },
    reach({ point, step, passage }) {
      const stage = passage ? passage.stage : step ? (STAGE_OF_STEP[step] ?? 'cleanup') : null
      if (state === 'runs') strike({ controller, stage, point, ...(passage && { passage }) })
    },
    crash() {
      state = 'dead'
      backlog = []
    },
    freeze() {
      if (state === 'runs') state = 'frozen'
    },
    wake() {
      if (state !== 'frozen') return
      state = 'runs'
      const waiting = backlog
      backlog = []
      // one by one: what the first of them does may stop the process again
      for (const work of waiting) scheduler.after(0, () => controller.enter(work))
    },
  }
  return controller
}

/** An arbitrary time of day at which all runs start. */
const EPOCH = Date.UTC(2026, 0, 1)
