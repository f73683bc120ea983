import type { DriverMaker } from './deployment.ts'
import type { Fault } from './fault.ts'
import type { Scenario } from './scenario.ts'
import { play, type SeedResult } from './simulate.ts'

/** Leaves out one fault after the other, as long as the same invariant still breaks: what is left is what it takes. */
export async function shrink(failed: SeedResult, driver?: DriverMaker): Promise<SeedResult> {
  const invariant = failed.breaches[0]?.invariant
  let least = failed
  for (const fault of failed.scenario.faults) {
    const faults: readonly Fault[] = least.scenario.faults.filter((one) => one !== fault)
    const smaller: Scenario = { ...least.scenario, faults }
    const result = await play(smaller, driver)
    if (result.breaches[0]?.invariant === invariant) least = result
  }
  return least
}
