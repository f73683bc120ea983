export { type Contender, ferryContender, livingContender, rawContender, type Way } from './contender.ts'
export { type Run, sideBySide } from './side-by-side.ts'
export { type Medians, median, medians, table } from './summary.ts'
