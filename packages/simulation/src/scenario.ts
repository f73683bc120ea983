import type { Limits, MigrateOptions } from '@vmferry/core'
import type { Fencing } from '@vmferry/driver-test'
import { drawFaults, type Fault } from './fault.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

/** What one seed is about: plain data, so that it can be changed and played again. */
export interface Scenario {
  readonly seed: number
  readonly fencing: Fencing
  readonly options: MigrateOptions
  /** The guest is paused before the migration begins. */
  readonly paused: boolean
  readonly dirtyPerSecond: number
  /** What the user says in the end, if it stays in doubt whether the target has run the guest. */
  readonly reviveSource: boolean
  readonly faults: readonly Fault[]
}

/** What is drawn from a seed, each in a stream of its own. */
export const STREAMS = {
  scenario: 1,
  faults: 2,
  ties: 3,
  network: 4,
  world: 5,
  disk: 6,
  controller: 7,
} as const

/** The scenario of a seed; `fencing` null lets the seed choose. */
export function scenarioOf(seed: number, fencing: Fencing | null = null): Scenario {
  const random = seededRandom(seed, STREAMS.scenario)
  const drawn = random.pick<Fencing>(['host', 'host', 'host', 'session', 'none'])
  const scenario: Scenario = {
    seed,
    fencing: fencing ?? drawn,
    options: {
      live: random.chance(0.85),
      limits: limits(random),
      ...(random.chance(0.15) && { rename: 'web2' }),
      ...(random.chance(0.05) && { paused: true }),
    },
    paused: random.chance(0.08),
    dirtyPerSecond: random.pick([0, 5, 20]),
    reviveSource: random.chance(0.5),
    faults: drawFaults(seed, seededRandom(seed, STREAMS.faults)),
  }
  return random.chance(POST_COPY) ? inPostCopy(scenario) : scenario
}

/** How many of the scenarios go over to post-copy. */
const POST_COPY = 0.2

/** A guest that writes faster than the link carries, and may be run at the target before its memory is there. */
function inPostCopy(scenario: Scenario): Scenario {
  const options = { ...scenario.options, live: true, postCopy: true, maxDowntime: 30 }
  return { ...scenario, options, paused: false, dirtyPerSecond: 20 }
}

/** Short ones: the order in which things happen is the same, and a seed takes fewer events. */
function limits(random: SeededRandom): Partial<Limits> {
  const most = random.pick([2_000, 6_000, 15_000])
  return {
    check: most,
    begin: most,
    prepare: most,
    stall: most,
    ready: most,
    handOver: most,
    finish: most,
    confirm: most,
    abort: most,
    settle: random.pick([5_000, 20_000]),
    grace: random.pick([500, 3_000]),
  }
}
