import type { Driver } from '@vmferry/core'
import { createWorld, type Fencing, test, type World } from '@vmferry/driver-test'
import { type Controller, createController, type Moment } from './controller.ts'
import { createMachine, type Machine } from './machine.ts'
import { createNetwork, type Network, type Witness } from './network.ts'
import { type Scenario, STREAMS } from './scenario.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { createTrace, type Trace } from './trace.ts'

/** Makes the driver under test over a world; default: the driver of `@vmferry/driver-test`. */
export type DriverMaker = (world: World, fencing: Fencing) => Driver

/** All that a run consists of, besides the people in it. */
export interface Deployment {
  readonly scenario: Scenario
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly world: World
  readonly network: Network
  readonly driver: Driver
  readonly random: SeededRandom
  /** The guest that is migrated, from `alpha` to `beta`. */
  readonly uuid: string
  /** A new controller on a machine of its own, or on one that has had others. */
  controller(machine?: Machine): Controller
  readonly machines: readonly Machine[]
  /** Who looks at stale calls, and who is told of each moment at which something can go wrong. */
  attend(witness: Witness, meet: (moment: Moment) => void): void
}

const GUEST_BYTES = 8 * 1024 ** 2
/** Of every link, unless a fault makes it slow. */
export const LINK_BYTES_PER_SECOND: number = 32 * 1024 ** 2
const PAGES = 4

export function createDeployment(scenario: Scenario, driverOf: DriverMaker): Deployment {
  const { seed, fencing, paused, dirtyPerSecond } = scenario
  const stream = (number: number): SeededRandom => seededRandom(seed, number)
  const scheduler = createScheduler(stream(STREAMS.ties))
  const trace = createTrace(scheduler.now)
  const world = createWorld({
    clock: {
      now: scheduler.now,
      monotonic: scheduler.now,
      schedule: (ms, callback) => scheduler.after(ms, callback),
    },
    random: stream(STREAMS.world),
    linkBytesPerSecond: LINK_BYTES_PER_SECOND,
    linkLatencyMs: 1,
    maxRounds: 3,
  })
  const shape = { memoryBytes: GUEST_BYTES, pages: PAGES, dirtyPerSecond }
  const guest = world.host('alpha').start('web1', { ...shape, paused })
  let witness: Witness | null = null
  let meet = (_moment: Moment): void => {}
  const network = createNetwork(scheduler, stream(STREAMS.network), world, trace, {
    staleArrived: (passage) => witness?.staleArrived(passage),
    staleLanded: (passage) => witness?.staleLanded(passage),
  })
  const machines: Machine[] = []
  let controllers = 0

  return {
    scenario,
    scheduler,
    trace,
    world,
    network,
    driver: driverOf(world, fencing),
    random: stream(STREAMS.disk),
    uuid: guest.uuid,
    machines,
    attend(by, then) {
      witness = by
      meet = then
    },
    controller(machine) {
      controllers += 1
      const own = machine ?? createMachine(`machine ${machines.length + 1}`)
      if (!machine) machines.push(own)
      return createController(`controller ${controllers}`, own, scheduler, (moment) => meet(moment))
    },
  }
}

/** The driver that is simulated unless another is given. */
export function testDriver(world: World, fencing: Fencing): Driver {
  return test({ world, fencing })
}
