/**
 * How a migration ended. Exactly one copy of the guest runs after `migrated` and `rolledBack`.
 *
 * - `migrated`: the target is in charge.
 * - `rolledBack`: the source is in charge, in the state that it, or its guest, left; or it got the guest back and has it no
 *   more, because somebody else has moved or ended it since.
 * - `inDoubt`: the target may have been told to run the guest and cannot be asked, or the source does not answer; what is
 *   stopped is kept stopped.
 * - `lost`: both copies are proved gone.
 */
export type Outcome = 'migrated' | 'rolledBack' | 'inDoubt' | 'lost'

/** Something that could not be cleaned up and waits for a later try. */
export interface Pending {
  readonly side: 'source' | 'target'
  /** What is left, and what the user can do about it. */
  readonly what: string
}

/** The figures of a migration. Milliseconds and bytes; null where it did not come that far. */
export interface Report {
  /** From `migrate()` until it was settled. */
  readonly totalMs: number
  /** From `migrate()` until memory began to move. */
  readonly setupMs: number | null
  /** Passes over the memory. */
  readonly rounds: number | null
  /** Sent, memory and disks. */
  readonly bytes: number | null
  /** Mean rate of the copy. */
  readonly bytesPerSecond: number | null
  /** From the guest's stop until it was seen to run at the target. */
  readonly downtimeMs: number | null
  /** The hypervisor's own figure, which ends when the copy is complete. */
  readonly hypervisorDowntimeMs: number | null
  /** The way taken. */
  readonly transport: string | null
  readonly why: string | null
  readonly pending: readonly Pending[]
}

/** The report of a migration that was refused before it did anything. */
export const NO_FIGURES: Report = Object.freeze({
  totalMs: 0,
  setupMs: null,
  rounds: null,
  bytes: null,
  bytesPerSecond: null,
  downtimeMs: null,
  hypervisorDowntimeMs: null,
  transport: null,
  why: null,
  pending: Object.freeze([]),
})
