import type { Progress } from './progress.ts'

/** The id of one migration, made by core, unique for ever: lower-case letters, digits and `-`; at most 40 characters. */
export type MigrationId = string

/** What every call to a driver or a host carries. The signal is always there: a driver never tests for it. */
export interface CallOptions {
  /**
   * Stop waiting. A call that rejects because of it uses `abortError(signal)`, and for calls with an effect the
   * effect is then unknown unless the error is VM_ABORTED and its documentation says that nothing more will happen.
   */
  readonly signal: AbortSignal
  /** Told as the call gets on. A listener that throws is core's problem, never the driver's: core wraps it. */
  readonly onProgress?: (event: Progress) => void
}

/** What every call that changes a host carries as well. */
export interface EffectOptions extends CallOptions {
  /** Every effect is first filed on the host under this id. */
  readonly migration: MigrationId
  /** The epoch of the claim under which the call is made; a host that knows a higher one rejects with VM_STALE. */
  readonly epoch: number
  /**
   * Asked before a step that cannot be taken back (`postcopy`: the source must never run again). Core journals first;
   * rejects when the migration was cancelled in the meantime.
   */
  permit(step: 'postcopy'): Promise<void>
}
