/** A domain on a host, as seen at one moment. */
export interface DriverDomain {
  readonly name: string
  /** Lower case; null if it has none. */
  readonly uuid: string | null
  /**
   * `incoming`: it is being received. `stopped`: a migration holds this copy stopped. `off`: defined, not started.
   * `failed`: its process is gone without having been stopped, or nobody can ask it any more.
   */
  readonly state: 'running' | 'paused' | 'incoming' | 'stopped' | 'off' | 'failed'
  /** Guest memory in bytes; null if the driver cannot tell. */
  readonly memoryBytes: number | null
}
