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
  /**
   * All of the guest's state is here and loaded. On the source: true until the process is ended. A target that runs and
   * is not complete is in post-copy: what it lacks is at the source.
   */
  readonly complete: boolean
  /** `finish` was asked here (its mark was left), so the guest may have run here, whatever it does now. */
  readonly mayHaveRun: boolean
  /**
   * This copy could be run from here on by `abort` (source) or `finish` (target). Once post-copy has begun a source is
   * never so again, and a target is as soon as it can run without the rest of its memory.
   */
  readonly revivable: boolean
  /** The facts in words, for the user. */
  readonly evidence: readonly string[]
}
