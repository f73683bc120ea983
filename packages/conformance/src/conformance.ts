import type { ConformanceSetup } from '@vmferry/core/driver'
import { caseRun } from './case-run.ts'
import { CASES } from './cases.ts'
import type { RunOptions } from './run-cases.ts'

/** The part of a test runner that the kit needs: that of vitest, of node:test, and of others like them. */
export interface Runner {
  describe(title: string, body: () => void): unknown
  test(title: string, body: (context: SkipContext) => Promise<void>, timeout?: number): unknown
}

/** What a runner gives to a test. */
export interface SkipContext {
  skip(because?: string): void
}

/** Milliseconds after which a runner that has a limit of its own may give a case up; the kit's own comes first. */
const LIMIT = 400_000

/**
 * Registers the kit as tests of a runner: `conformance({ describe, test }, setup)`. A case that does not apply is
 * skipped with the flag of the manifest that says so.
 */
export function conformance(
  { describe, test }: Runner,
  setup: ConformanceSetup,
  options: Omit<RunOptions, 'onResult'> = {},
): void {
  const { cases = CASES } = options
  const run = caseRun(setup, options)
  let problem: Promise<string | null> | null = null
  describe('vmferry conformance', () => {
    for (const one of cases)
      test(
        `${one.id}: ${one.says}`,
        async (context) => {
          problem ??= Promise.resolve(setup.problem?.() ?? null)
          const lacking = await problem
          if (lacking !== null) return context.skip(`cannot run here: ${lacking}`)
          const { status, because } = await run.prove(one)
          if (status === 'failed') throw new Error(because ?? 'it failed')
          if (status === 'not-applicable') context.skip(`not applicable: ${because}`)
        },
        LIMIT,
      )
  })
}
