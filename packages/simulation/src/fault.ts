import { CELLS, type Cell, type Point, pointsOf, STAGES } from './matrix.ts'
import type { SeededRandom } from './seeded-random.ts'

/** A fault that is going to strike once: plain data. */
export interface Fault extends Cell {
  /** What it waits for. */
  readonly point: Point
  /** How many such moments it lets pass. */
  readonly skip: number
  /** How long it lasts, or how late a message comes: milliseconds. */
  readonly ms: number
}

/** Failures that are followed by a cleanup, so that there is one to be disturbed. */
const CAUSES: readonly Cell[] = CELLS.filter(
  ({ row, stage }) => stage !== 'cleanup' && [1, 3, 4, 8, 9, 11, 12, 14].includes(row),
)

/** The faults of one seed: one whose turn it is, so that every cell is met, and often some more. */
export function drawFaults(seed: number, random: SeededRandom): readonly Fault[] {
  const main = CELLS[seed % CELLS.length] as Cell
  const faults = [drawn(main, random)]
  if (main.stage === 'cleanup' && random.chance(0.9)) faults.unshift(drawn(random.pick(CAUSES), random))
  while (faults.length < 5 && random.chance(0.45)) faults.push(drawn(random.pick(CELLS), random))
  return faults
}

function drawn(cell: Cell, random: SeededRandom): Fault {
  const point = random.pick(pointsOf(cell))
  const skip = cell.stage === 'cleanup' ? random.pick([0, 0, 1, 1, 2, 3, 5]) : random.pick([0, 0, 0, 1])
  const ms = random.pick([50, 500, 2_000, 8_000, 30_000, 90_000])
  return { ...cell, point, skip, ms: random.between(ms / 2, ms * 2) }
}

/** A fault in words. */
export function faultWords({ row, stage, variant, point, skip, ms }: Fault): string {
  const number = STAGES.indexOf(stage) + 1
  return `${row}.${number} ${variant}: in ${stage}, at ${point}${skip > 0 ? ` after ${skip}` : ''}, ${ms} ms`
}
