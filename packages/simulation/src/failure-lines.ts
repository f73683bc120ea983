import { INVARIANTS } from './breach.ts'
import { faultWords } from './fault.ts'
import type { SeedResult } from './simulate.ts'

/** How many events are shown of a run that failed. */
const SHOWN = 40

/** All that is needed to understand a seed that failed, and to see it again. */
export function failureLines(failed: SeedResult, shrunk: SeedResult, commit: string): readonly string[] {
  const { seed, fencing } = failed.scenario
  const [breach] = shrunk.breaches
  return [
    `seed ${seed}, fencing ${fencing}, commit ${commit}`,
    ...(breach ? [`${breach.invariant} is broken (${INVARIANTS[breach.invariant]}): ${breach.what}`] : []),
    `it takes ${shrunk.scenario.faults.length} of ${failed.scenario.faults.length} faults:`,
    ...shrunk.scenario.faults.map((fault) => `  ${faultWords(fault)}`),
    `the last ${SHOWN} events with these alone, by milliseconds of virtual time:`,
    ...shrunk.trace.slice(-SHOWN).map((line) => `  ${line}`),
    `again: vmferry-simulate --seed ${seed} --fencing ${fencing} --trace`,
  ]
}
