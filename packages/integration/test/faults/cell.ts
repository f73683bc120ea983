import type { Outcome } from '@vmferry/core'
import type { Stop } from './controller-process.ts'
import type { StrikeName } from './strikes.ts'

/** begin, prepare, perform, switchover (from the guest's stop to the commit), finish, confirm, what cleans up. */
export type Phase = 'B' | 'P' | 'F' | 'S' | 'N' | 'C' | 'L'

/** A moment of a migration: see gates.mjs. */
export interface Point {
  readonly phase: 'begin' | 'prepare' | 'perform' | 'ready' | 'hand-over' | 'finish' | 'confirm' | 'abort'
  readonly moment: 'before' | 'during' | 'stopped' | 'after' | number
}

/** One way in which one fault of the matrix strikes in one phase. */
export interface Cell extends Omit<Stop, 'at'> {
  readonly row: number
  readonly phase: Phase
  readonly variant: string
  readonly at: Point
  /** What is done there; absent where the controller does it to itself. */
  readonly strike?: StrikeName
  /** Milliseconds after which the fault is lifted, where the controller has not ended before. */
  readonly lasts: number
  /** Who recovers: from the first controller's journal, or from what the hosts have on file. */
  readonly recovers: 'journal' | 'hosts'
  /** What must come of it; absent where both ways are right. `revived`: in doubt until the user gives the target up. */
  readonly outcome?: Exclude<Outcome, 'inDoubt'> | 'revived'
}

/** The name of a cell, as it is told. */
export function nameOf({ row, phase, at, variant, recovers }: Cell): string {
  return `${row} ${phase} ${at.phase} ${at.moment}: ${variant}, then recovered from the ${recovers}`
}
