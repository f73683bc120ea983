import type { CaseResult } from './case-run.ts'
import type { ConformanceReport } from './run-cases.ts'

const MARKS = { passed: 'passed', failed: 'FAILED', 'not-applicable': 'not applicable' } as const

/** A case as lines of a table: status, id, sentence; beneath it why. */
export function resultLines({ id, says, status, because }: CaseResult): readonly string[] {
  const line = `${MARKS[status].padEnd(16)}${id.padEnd(28)}${says}`
  const reasons = because === null ? [] : because.split('\n').filter((reason) => reason.trim() !== '')
  return [line, ...reasons.map((reason) => `${' '.repeat(18)}${reason}`)]
}

/** What comes beneath the table: what to do next, and the totals. */
export function summaryLines({
  results,
  passed,
  failed,
  notApplicable,
}: ConformanceReport): readonly string[] {
  const next = results.find(({ status }) => status === 'failed')
  const because = next?.because?.split('\n')[0]
  return [
    ...(next ? [`next: ${next.id}: ${next.says}${because === undefined ? '' : ` (${because})`}`] : []),
    `${passed} passed, ${failed} failed, ${notApplicable} not applicable`,
  ]
}

/** The whole report as lines. */
export function reportLines(report: ConformanceReport): readonly string[] {
  return [...report.results.flatMap(resultLines), '', ...summaryLines(report)]
}
