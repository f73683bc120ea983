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

/** What makes two controllers, or one that does not know what has happened: most of the danger comes from these. */
const CONFUSION: readonly number[] = [1, 2, 15]

/** The faults of one seed: one whose turn it is, so that every cell is met, and often more, which strike after it. */
export function drawFaults(seed: number, random: SeededRandom): readonly Fault[] {
  const main = CELLS[seed % CELLS.length] as Cell
  const faults = [drawn(main, random)]
  if (main.stage === 'cleanup' && random.chance(0.9)) faults.unshift(drawn(random.pick(CAUSES), random))
  while (faults.length < 6 && random.chance(0.55)) faults.push(drawn(another(main, random), random))
  return faults
}

/** One more, in the same stage as the first, in the next, or when there is something to clean up. */
function another(main: Cell, random: SeededRandom): Cell {
  const from = STAGES.indexOf(main.stage)
  const stage = random.pick([main.stage, STAGES[from + 1] ?? 'cleanup', 'cleanup'] as const)
  const confusing = random.chance(0.5)
  const cells = CELLS.filter((cell) => cell.stage === stage && (!confusing || CONFUSION.includes(cell.row)))
  return random.pick(cells)
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
