/** What must always hold, by the numbers that the rest of vmferry gives them. */
export const INVARIANTS = {
  I1: 'at most one copy of the guest runs',
  I3: 'after the commit the source never runs, unless the copy at the target is gone',
  I4: 'once the faults are over exactly one copy is in charge, unless it died with its host',
  I5: 'what the user was told is what is',
  I6: 'nothing is left over once everything is recovered',
  I7: 'what the guest has done is never undone, and its memory is whole',
  I8: 'every migration and recovery comes to an end',
  I9: 'a call with an epoch lower than that of the host has no effect',
} as const

/** One of them. */
export type Invariant = keyof typeof INVARIANTS

/** An invariant that did not hold. */
export interface Breach {
  readonly invariant: Invariant
  /** Virtual time in milliseconds. */
  readonly at: number
  readonly what: string
}
