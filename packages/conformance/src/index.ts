/**
 * The kit that proves a vmferry driver: what its manifest says is what it does.
 *
 * @packageDocumentation
 */
export type { Bench, Wish } from './bench.ts'
export type { Case } from './case.ts'
export type { CaseResult } from './case-run.ts'
export { CASES } from './cases.ts'
export { conformance, type Runner } from './conformance.ts'
export { reportLines } from './report-lines.ts'
export { type ConformanceReport, type RunOptions, runCases } from './run-cases.ts'
