import type { Limits } from './limits.ts'

/**
 * What can be asked of a migration. Every wish is checked against both manifests before any host is touched; where both
 * are known literally, one that an end denies does not even compile.
 */
export interface MigrateOptions {
  /** Keep the guest running while it is copied. Default false: it is stopped first. */
  readonly live?: boolean
  /** Most Mbps (10^6 bit/s) for memory and disks together; 0, the default: a suitable default. */
  readonly bandwidth?: number
  /** A new name at the target; default: keep the name. */
  readonly rename?: string
  /** The data plane: a migration URI or a bare host, **as seen from the source**; default: the driver picks the best way. */
  readonly uri?: string
  /** Longest acceptable downtime in milliseconds. */
  readonly maxDowntime?: number
  /** Leave the guest paused at the target. Default false. */
  readonly paused?: boolean
  /** Slow the guest down until it converges. Default false. */
  readonly autoConverge?: boolean
  /** Switch to post-copy when pre-copy does not converge. Default false. */
  readonly postCopy?: boolean
  /** Copy disks that the hosts do not share. Default false. */
  readonly copyStorage?: boolean
  /** Give up when the guest has an I/O error with one of its disks meanwhile. Default false: it is moved as it is. */
  readonly abortOnError?: boolean
  /** Parallel data connections. Default 1. */
  readonly connections?: number
  /** How long to wait where. */
  readonly limits?: Partial<Limits>
  /** Cancels the migration, as `cancel()` does. */
  readonly signal?: AbortSignal
}

/** What can be changed while the guest is copied. Absent members stay as they are. */
export interface TuneOptions {
  /** Most Mbps (10^6 bit/s) for memory and disks together; 0: no limit. */
  readonly bandwidth?: number
  /** Longest acceptable downtime in milliseconds. */
  readonly maxDowntime?: number
  /** Go over to post-copy as soon as possible: from then on there is no way back. */
  readonly postCopy?: true
  /** Stop the guest now: what is left is copied while it stands still, and cannot fail to converge. */
  readonly suspend?: true
}
