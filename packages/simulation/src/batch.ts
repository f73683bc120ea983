import type { Fencing } from '@vmferry/driver-test'
import type { DriverMaker } from './deployment.ts'
import { simulate } from './simulate.ts'
import { count, emptyTally, type Tally } from './tally.ts'

/** Seeds to be simulated: JSON data, so that a worker can be sent it. */
export interface Batch {
  readonly from: number
  readonly seeds: number
  readonly fencing: Fencing | null
  /** Ends with the first seed that fails. */
  readonly first: boolean
}

/** Simulates some seeds, one after the other. */
export async function runBatch({ from, seeds, fencing, first }: Batch, driver?: DriverMaker): Promise<Tally> {
  const tally = emptyTally()
  for (let seed = from; seed < from + seeds; seed += 1) {
    count(tally, await simulate(seed, { fencing, ...(driver && { driver }) }))
    if (first && tally.failures.length > 0) break
  }
  return tally
}
