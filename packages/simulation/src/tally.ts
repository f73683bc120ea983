import { CELLS, type Cell, MATRIX, STAGES } from './matrix.ts'
import type { SeedResult } from './simulate.ts'

/** A failed seed, in few words. */
export interface Failure {
  readonly seed: number
  readonly invariant: string
  readonly what: string
}

/** What many seeds came to: JSON data, so that workers can send it and it can be added up. */
export interface Tally {
  seeds: number
  /** Seeds in which a driver that does not fence by the host was let go, because a stale call had landed. */
  excused: number
  /** Hits of each cell in each variant. */
  hits: Record<string, number>
  failures: Failure[]
  slowestRecoveryMs: number
}

export function emptyTally(): Tally {
  return { seeds: 0, excused: 0, hits: {}, failures: [], slowestRecoveryMs: 0 }
}

/** Adds what became of one seed. */
export function count(tally: Tally, result: SeedResult): void {
  tally.seeds += 1
  if (result.excuse !== null) tally.excused += 1
  for (const cell of result.hits) tally.hits[keyOf(cell)] = (tally.hits[keyOf(cell)] ?? 0) + 1
  const [breach] = result.breaches
  if (breach)
    tally.failures.push({ seed: result.scenario.seed, invariant: breach.invariant, what: breach.what })
  tally.slowestRecoveryMs = Math.max(tally.slowestRecoveryMs, result.slowestRecoveryMs)
}

export function add(sum: Tally, more: Tally): void {
  sum.seeds += more.seeds
  sum.excused += more.excused
  for (const [key, hits] of Object.entries(more.hits)) sum.hits[key] = (sum.hits[key] ?? 0) + hits
  sum.failures.push(...more.failures)
  sum.slowestRecoveryMs = Math.max(sum.slowestRecoveryMs, more.slowestRecoveryMs)
}

/** How many cells of the matrix were hit: a cell counts when each of its variants has struck there. */
export function cellsHit({ hits }: Tally): { readonly hit: number; readonly total: number } {
  const missed = new Set(missing(hits).map(({ row, stage }) => `${row} ${stage}`))
  const total = MATRIX.reduce((sum, { stages }) => sum + stages.length, 0)
  return { hit: total - missed.size, total }
}

/** The cells that never struck, in words. */
export function missedCells({ hits }: Tally): readonly string[] {
  return missing(hits).map(
    ({ row, stage, variant }) => `${row} ${MATRIX[row - 1]?.what}, ${variant}: ${stage}`,
  )
}

/** Hits by row and stage, the least variant of each: a table for people. */
export function hitTable({ hits }: Tally): readonly string[] {
  const width = 12
  const head = `${''.padEnd(55)}${STAGES.map((stage) => stage.padStart(width)).join('')}`
  const rows = MATRIX.map(({ row, what, stages, variants }) => {
    const least = STAGES.map((stage) => {
      if (!stages.includes(stage)) return '-'.padStart(width)
      const counts = variants.map(({ name }) => hits[keyOf({ row, stage, variant: name })] ?? 0)
      return String(Math.min(...counts)).padStart(width)
    })
    return `${`${row} ${what}`.padEnd(55)}${least.join('')}`
  })
  return [head, ...rows]
}

function missing(hits: Tally['hits']): readonly Cell[] {
  return CELLS.filter((cell) => (hits[keyOf(cell)] ?? 0) === 0)
}

function keyOf({ row, stage, variant }: Cell): string {
  return `${row} ${stage} ${variant}`
}
