/** A domain on a host, as seen at one moment. */
export interface DriverDomain {
  readonly name: string
  /** Lower case; null if it has none. */
  readonly uuid: string | null
  /** `incoming`: it is being received. `failed`: its process is gone without having been stopped. */
  readonly state: 'running' | 'paused' | 'incoming' | 'off' | 'failed' | (string & {})
  /** Guest memory in bytes; null if the driver cannot tell. */
  readonly memoryBytes: number | null
}
