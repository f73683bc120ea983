import {
  type Connection,
  createFerry,
  type Ferry,
  isVmError,
  type Migration,
  type MigrationComplete,
  type Outcome,
  type Pending,
  vmError,
} from '@vmferry/core'
import type { Controller } from './controller.ts'
import type { Deployment } from './deployment.ts'
import { diskJournal, losePower } from './disk.ts'
import type { Machine } from './machine.ts'
import { recover } from './recover.ts'
import { remoteDriver } from './remote-driver.ts'
import { STREAMS } from './scenario.ts'
import { seededRandom } from './seeded-random.ts'
import { thrown } from './thrown.ts'

/** What a user was told of one migration, by its own controller or by one that recovered it. */
export interface Told {
  readonly migration: string
  readonly outcome: Outcome
  readonly pending: readonly Pending[]
  readonly by: 'migration' | 'recovery'
  readonly controller: Controller
  readonly target: string
  /** It was refused before any host was touched. */
  readonly refused: boolean
}

/** The people: who starts the migration, cancels it, and looks after controllers that have died. */
export interface Operator {
  /** Controllers that have not come to an end. */
  readonly busy: ReadonlySet<Controller>
  /** A controller has died or was told of something unfinished, and nobody has recovered it since. */
  readonly unsettled: boolean
  /** The longest time that a recovery took. */
  readonly slowestRecoveryMs: number
  migrate(to: string): void
  cancel(): boolean
  crash(controller: Controller, replace: boolean): void
  freeze(controller: Controller, ms: number): void
  recoverElsewhere(): void
  /** The same, and the source's copy is to run again where the target's may have run and is gone. */
  reviveSource(): void
}

export function createOperator(deployment: Deployment, tell: (told: Told) => void): Operator {
  const { scheduler, trace, network, driver, random, scenario } = deployment
  const busy = new Set<Controller>()
  const running = new Map<Controller, Migration>()
  let unsettled = false
  let slowest = 0
  let ids = 0

  const ferryOf = (controller: Controller): Ferry => {
    ids += 1
    return createFerry({
      drivers: [remoteDriver(driver, network, controller)],
      clock: controller.clock,
      random: seededRandom(scenario.seed, STREAMS.controller + ids),
      journal: diskJournal(controller),
    })
  }
  const told = (what: Told): void => {
    const { controller, outcome, pending } = what
    trace.tell(`told by ${controller.name}: ${[outcome, ...pending.map((left) => left.what)].join('; ')}`)
    if (outcome === 'inDoubt' || pending.length > 0) unsettled = true
    tell(what)
  }

  /** One process from its start to its end, unless it dies. */
  const launch = (machine: Machine | undefined, program: (controller: Controller) => Promise<void>): void => {
    const controller = deployment.controller(machine)
    busy.add(controller)
    trace.tell(`${controller.name} starts on ${controller.machine.name}`)
    const over = (): void => controller.enter(() => busy.delete(controller))
    program(controller).then(over, (error: unknown) => {
      trace.tell(`${controller.name} gives up: ${thrown(error).message}`)
      over()
    })
  }

  const migrate = (to: string): void =>
    launch(undefined, async (controller) => {
      const ferry = ferryOf(controller)
      const here = await connected(ferry, 'alpha', controller)
      const there = await connected(ferry, to, controller)
      const domain = await patiently(here.domain('web1'), controller)
      const migration = domain.migrate(there, scenario.options)
      running.set(controller, migration)
      await migration.done.catch(() => {})
      const { outcome, report } = await lastEvent(migration)
      running.delete(controller)
      const refused = !controller.begun
      told({ by: 'migration', controller, target: to, migration: migration.id, outcome, refused, ...report })
    })

  /** On that machine, or on another; tried again as long as hosts do not answer. */
  const recoverOn = (machine?: Machine, reviveSource = false, tries = 20): void =>
    launch(machine, async (controller) => {
      controller.begun = true
      const from = scheduler.now()
      const ferry = ferryOf(controller)
      try {
        const hosts: Connection[] = []
        for (const host of ['alpha', 'beta', 'gamma']) hosts.push(await connected(ferry, host, controller))
        const wish = { ...scenario.options, reviveSource }
        // what becomes unsettled while it looks, it may have overlooked
        unsettled = false
        const found = await patiently(recover(ferry, hosts, wish), controller, LONG)
        slowest = Math.max(slowest, scheduler.now() - from)
        for (const { migration, outcome, pending, target } of found) {
          const what = { migration, outcome, pending, target: target.slice('test:///'.length) }
          told({ ...what, by: 'recovery', controller, refused: false })
        }
      } catch (error) {
        unsettled = true
        if (!isVmError(error) || tries === 0) throw error
        controller.later(5_000, () => recoverOn(controller.machine, reviveSource, tries - 1))
      }
    })

  return {
    busy,
    get unsettled() {
      return unsettled
    },
    get slowestRecoveryMs() {
      return slowest
    },
    migrate,
    cancel() {
      for (const [controller, migration] of running) {
        if (!controller.runs) continue
        trace.tell(`the user cancels at ${controller.name}`)
        migration.cancel('the user wants it').catch(() => {})
        return true
      }
      return false
    },
    crash(controller, replace) {
      trace.tell(`${controller.name} crashes`)
      controller.crash()
      busy.delete(controller)
      running.delete(controller)
      losePower(controller.machine.disk, random)
      unsettled = true
      scheduler.after(random.between(100, 5_000), () => recoverOn(replace ? undefined : controller.machine))
    },
    freeze(controller, ms) {
      trace.tell(`${controller.name} freezes`)
      controller.freeze()
      unsettled = true
      scheduler.after(random.between(0, ms), () => recoverOn())
      scheduler.after(ms, () => {
        trace.tell(`${controller.name} wakes`)
        controller.wake()
      })
    },
    recoverElsewhere: () => recoverOn(),
    reviveSource() {
      trace.tell('the user gives the target up')
      recoverOn(undefined, true)
    },
  }
}

async function lastEvent(migration: Migration): Promise<MigrationComplete> {
  let last: MigrationComplete | null = null
  for await (const event of migration) if (event.type === 'migration-complete') last = event
  if (!last) throw new Error('a migration ended without its last event')
  return last
}

/** Milliseconds after which the user gives up what has no limit of its own. */
const PATIENCE = 10_000

/** For a recovery, which may have to wait for hosts, each of them several times. */
const LONG = 1_200_000

function patiently<T>(answer: Promise<T>, { later }: Controller, ms = PATIENCE): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = later(ms, () => reject(vmError('VM_TIMEOUT', 'no answer')))
    answer.finally(stop).then(resolve, reject)
  })
}

function connected(ferry: Ferry, host: string, { later }: Controller): Promise<Connection> {
  const late = new AbortController()
  const stop = later(PATIENCE, () => late.abort(vmError('VM_TIMEOUT', `${host} does not answer`)))
  return ferry.connect(`test:///${host}`, { signal: late.signal }).finally(stop)
}
