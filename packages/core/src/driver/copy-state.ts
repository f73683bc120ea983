/**
 * What one host knows about its copy of the guest, asked over a live connection for this question. `decide` of core
 * rests on two of these.
 */
export interface CopyState {
  /**
   * `running`: its virtual CPUs run. `stopped`: the process is there and does not run the guest. `off`: defined, no
   * process. `gone`: **proved** absent (that pid with that start time, or the host has restarted). `unknown`: could not
   * be learnt.
   */
  readonly run: 'running' | 'stopped' | 'off' | 'gone' | 'unknown'
  /** All of the guest's state is here and loaded. On the source: true until the process is ended. */
  readonly complete: boolean
  /** `finish` was asked here (its mark was left), so the guest may have run here, whatever it does now. */
  readonly mayHaveRun: boolean
  /** This copy could be run from here on by `abort` (source) or `finish` (target). */
  readonly revivable: boolean
  /** The facts in words, for the user. */
  readonly evidence: readonly string[]
}
