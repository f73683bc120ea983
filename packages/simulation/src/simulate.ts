import type { Fencing } from '@vmferry/driver-test'
import { worldStage } from '@vmferry/driver-test/conformance'
import { type ArmedFaults, armFaults } from './armed-faults.ts'
import type { Breach } from './breach.ts'
import { isInCharge } from './copies.ts'
import { createDeployment, type Deployment, type DriverMaker, testDriver } from './deployment.ts'
import { hasCommit } from './disk.ts'
import { checkEnd } from './end-check.ts'
import type { Cell } from './matrix.ts'
import { createOperator, type Operator, type Told } from './operator.ts'
import { createOracle, type Oracle } from './oracle.ts'
import { type Scenario, scenarioOf } from './scenario.ts'
import { checkTold } from './told-check.ts'

/** How a seed is simulated. */
export interface SimulateOptions {
  /** Default: the seed chooses. */
  readonly fencing?: Fencing | null
  /** Default: the driver of `@vmferry/driver-test`. */
  readonly driver?: DriverMaker
}

/** What became of one seed. */
export interface SeedResult {
  readonly scenario: Scenario
  /** The invariants that did not hold; empty: all did. */
  readonly breaches: readonly Breach[]
  /** The cells of the matrix that were hit. */
  readonly hits: readonly Cell[]
  /** SHA-256 of everything that happened. */
  readonly hash: string
  readonly trace: readonly string[]
  /** The longest time that a recovery took, in virtual milliseconds. */
  readonly slowestRecoveryMs: number
  /** Why the driver's manifest promised nothing from some moment on; null: it always did. */
  readonly excuse: string | null
}

/** Simulates one seed. The same seed gives the same result, down to the hash. */
export function simulate(seed: number, options: SimulateOptions = {}): Promise<SeedResult> {
  return play(scenarioOf(seed, options.fencing ?? null), options.driver)
}

/** No run is longer: an hour of faults, and time to settle. */
const END = 2 * 3_600_000

/** Plays a scenario: a migration, faults, whoever recovers; then the last look. */
export async function play(scenario: Scenario, driverOf: DriverMaker = testDriver): Promise<SeedResult> {
  const deployment = createDeployment(scenario, driverOf)
  const { world, trace, uuid, machines } = deployment
  const isCommitted = (migration: string): boolean => machines.some(({ disk }) => hasCommit(disk, migration))
  const oracle = createOracle({ world, uuid, fences: scenario.fencing === 'host', isCommitted, trace })
  const tolds: Told[] = []
  const operator = createOperator(deployment, (told) => {
    tolds.push(told)
    checkTold(told, world, oracle)
  })
  const faults = armFaults(scenario.faults, { deployment, operator, oracle })
  deployment.attend(oracle, (moment) => faults.meet(moment))

  const end = await unfold(deployment, operator, oracle, faults)
  if (end === 'late' || (end === 'quiet' && operator.busy.size > 0))
    oracle.report('I8', `${[...operator.busy].map(({ name }) => name).join(', ')} did not come to an end`)
  else if (end === 'quiet') {
    checkEnd(tolds, world, oracle)
    await checkMemory(deployment, oracle)
  }
  return {
    scenario,
    breaches: oracle.breaches,
    hits: faults.hits,
    hash: trace.hash(),
    trace: trace.lines,
    slowestRecoveryMs: operator.slowestRecoveryMs,
    excuse: oracle.excuse,
  }
}

/** A user migrates the guest; when all is quiet, what is not settled is recovered. */
async function unfold(
  { scenario, scheduler }: Deployment,
  operator: Operator,
  oracle: Oracle,
  { hits }: ArmedFaults,
): Promise<'quiet' | 'late' | 'stopped'> {
  const untilQuiet = (): Promise<'quiet' | 'late' | 'stopped'> =>
    scheduler.run(END, () => {
      oracle.look()
      return oracle.breaches.length === 0
    })

  oracle.look()
  operator.migrate('beta')
  let end = await untilQuiet()
  // faults that are still waiting may strike whoever recovers, too
  for (let calm = 0; calm < 2 && end === 'quiet' && operator.unsettled; calm += 1) {
    const before = hits.length
    operator.recoverElsewhere()
    end = await untilQuiet()
    if (hits.length > before) calm = 0
  }
  if (end === 'quiet' && operator.unsettled && scenario.reviveSource) {
    oracle.forgive()
    operator.reviveSource()
    end = await untilQuiet()
  }
  return end
}

/** I7: the guest's memory holds what the guest wrote, and nothing else. */
async function checkMemory({ world, driver }: Deployment, oracle: Oracle): Promise<void> {
  for (const copy of oracle.copies().filter(isInCharge)) {
    const end = { world, host: world.host(copy.host), uri: `test:///${copy.host}` }
    const stage = worldStage(driver, { source: end, target: end, address: copy.host })
    const seen = await stage.look('source', copy.guest.name)
    if (!seen?.intact) oracle.report('I7', `the memory of the guest on ${copy.host} is not what it wrote`)
  }
}
