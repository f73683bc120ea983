import type { Run } from './side-by-side.ts'

/** What one contender took in the middle, in milliseconds. */
export interface Medians {
  readonly runs: number
  readonly wallMs: number
  readonly gapMs: number
  readonly own: Readonly<Record<string, number>>
}

/** The middle of some figures, to a tenth; of an even number of them, the mean of the two in the middle. NaN for none. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const pair = [sorted[Math.floor(middle)] ?? Number.NaN, sorted[Math.ceil(middle)] ?? Number.NaN] as const
  return Math.round((pair[0] + pair[1]) * 5) / 10
}

/** The medians of each contender, by its name. */
export function medians(runs: readonly Run[]): Record<string, Medians> {
  const names = [...new Set(runs.map(({ contender }) => contender))]
  return Object.fromEntries(
    names.map((name) => {
      const mine = runs.filter(({ contender }) => contender === name)
      const keys = [...new Set(mine.flatMap(({ own }) => Object.keys(own)))]
      const own = keys.map((key) => [key, median(mine.flatMap((run) => run.own[key] ?? []))] as const)
      return [
        name,
        {
          runs: mine.length,
          wallMs: median(mine.map(({ wallMs }) => wallMs)),
          gapMs: median(mine.map(({ gapMs }) => gapMs)),
          own: Object.fromEntries(own),
        },
      ]
    }),
  )
}

/** The medians as text: a column for each contender. */
export function table(middle: Readonly<Record<string, Medians>>): string {
  const rows = [
    ['ms, median', ...Object.keys(middle)],
    ['whole process', ...Object.values(middle).map(({ wallMs }) => wallMs.toFixed(0))],
    ['the call', ...Object.values(middle).map(({ own }) => (own['callMs'] ?? Number.NaN).toFixed(0))],
    ['set-up', ...Object.values(middle).map(({ own }) => (own['setupMs'] ?? Number.NaN).toFixed(0))],
    ['guest silent', ...Object.values(middle).map(({ gapMs }) => gapMs.toFixed(1))],
  ]
  return rows
    .map(([label = '', ...cells]) => [label.padEnd(16), ...cells.map((cell) => cell.padStart(13))].join(''))
    .join('\n')
}
