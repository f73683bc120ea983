/**
 * What a driver tells while a call runs. Core turns it into the public events, adds rates and ETA, and watches it: a
 * `perform` whose bytes stop moving is a stalled link.
 */
export type Progress = TransferProgress | StoppedProgress | WarningProgress

/** How far the copy has come. Send it at least each second while bytes move, and once at the end. */
export interface TransferProgress {
  readonly type: 'transfer'
  /** The pass over the guest's memory, from 1. */
  readonly round: number
  /** Bytes sent so far over all rounds, memory and disks; never falls. */
  readonly bytes: number
  /** Bytes still to send in this round; rises when the guest dirties memory. */
  readonly remainingBytes: number
  /** Size of what is copied, once: memory and disks. */
  readonly totalBytes: number
  /** Bytes per second that the guest dirties; absent as long as the hypervisor does not tell: 0 is a guest that writes nothing. */
  readonly dirtyBytesPerSecond?: number
}

/**
 * The source guest has stopped for the switchover: the downtime starts here. `ago`: milliseconds that have already
 * passed since, by the hypervisor's own account; default 0.
 */
export interface StoppedProgress {
  readonly type: 'stopped'
  readonly ago?: number
}

/** Something that the user should know and that does not stop the migration. */
export interface WarningProgress {
  readonly type: 'warning'
  readonly code: string
  readonly message: string
}
