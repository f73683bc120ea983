import type { Cell } from './cell.ts'

/**
 * The cells of the matrix that must be green on real QEMU: the faults in their rows, and the phases in which each
 * strikes. Row 7 is there for each of the two hosts, in all phases.
 */
const REQUIRED: readonly [row: number, phases: string, fault: string][] = [
  [1, 'PFSNC', 'the controller is killed'],
  [2, 'FSNC', 'the controller freezes, another takes over, it wakes'],
  [3, 'FS', 'the QEMU of the source dies'],
  [4, 'PFSN', 'the QEMU of the target dies'],
  [6, 'N', 'the target host is lost'],
  [7, 'BPFSNCL', 'the control connection is cut'],
  [8, 'FS', 'the stream is cut or stalls'],
  [11, 'F', 'an answer or the stream is not what it should be'],
  [12, 'PF', 'a disk is full'],
  [13, 'F', 'a peer is slow, a clock jumps'],
  [14, 'PF', 'it is cancelled'],
  [15, 'P', 'two controllers want one guest at once'],
  [16, 'F', 'somebody else acts'],
]

/** What each row is about. */
export const FAULTS: ReadonlyMap<number, string> = new Map(REQUIRED.map(([row, , fault]) => [row, fault]))

/** The names of all cells that are required. */
export function requiredCells(): string[] {
  const cellsOf = (row: number, phase: string): string[] =>
    row === 7 ? [`7 ${phase} source`, `7 ${phase} target`] : [`${row} ${phase}`]
  return REQUIRED.flatMap(([row, phases]) =>
    phases.split('').flatMap((phase) => cellsOf(row, phase)),
  ).toSorted()
}

/** The cell of the matrix to which a variant belongs. */
export function matrixCell({ row, phase, strike }: Pick<Cell, 'row' | 'phase' | 'strike'>): string {
  if (row !== 7) return `${row} ${phase}`
  return `7 ${phase} ${strike?.endsWith('source') ? 'source' : 'target'}`
}
