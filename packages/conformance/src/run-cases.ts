import type { Capabilities, ConformanceSetup } from '@vmferry/core/driver'
import type { Case } from './case.ts'
import { type CaseResult, type CaseRunOptions, caseRun } from './case-run.ts'
import { CASES } from './cases.ts'

/** What a run of the kit says about a driver. Plain data. */
export interface ConformanceReport {
  /** The driver's name; null if not even a stage could be made. */
  readonly driver: string | null
  readonly capabilities: Capabilities | null
  readonly results: readonly CaseResult[]
  readonly passed: number
  readonly failed: number
  readonly notApplicable: number
}

/** Options of {@link runCases}. */
export interface RunOptions extends CaseRunOptions {
  /** Default: {@link CASES}, all of them. */
  readonly cases?: readonly Case[]
  /** Told after each case. */
  readonly onResult?: (result: CaseResult) => void
}

/** Runs the kit over a driver, one case after the other; a case never makes the run reject. */
export async function runCases(
  setup: ConformanceSetup,
  options: RunOptions = {},
): Promise<ConformanceReport> {
  const { cases = CASES, onResult } = options
  const run = caseRun(setup, options)
  const results: CaseResult[] = []
  for (const one of cases) {
    const result = await run.prove(one)
    results.push(result)
    onResult?.(result)
  }
  const count = (status: CaseResult['status']): number =>
    results.filter((result) => result.status === status).length
  return {
    ...run.seen,
    results,
    passed: count('passed'),
    failed: count('failed'),
    notApplicable: count('not-applicable'),
  }
}
