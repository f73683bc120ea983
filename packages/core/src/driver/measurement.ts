/**
 * What a source measured of a guest and of its way before anything moves. A figure that was not measured is null: a guess
 * never stands in its place. JSON data.
 */
export interface Measurement {
  /** Bytes per second that the guest writes to different places of its memory; null: not measured. */
  readonly dirtyBytesPerSecond: number | null
  /** The guest may write more than that: places were sampled, or what is written twice counts once. */
  readonly dirtyIsAtLeast: boolean
  /** Bytes per second that the chosen transport carried for a moment; null: not measured. */
  readonly linkBytesPerSecond: number | null
  /**
   * Most bytes of the guest's memory that are sent whole, where the hypervisor has shorter words for the rest (pages of
   * zeros); null: all of its memory is.
   */
  readonly usedMemoryBytes: number | null
  /** Most bytes of disks that are copied as well; 0: none is. */
  readonly diskBytes: number
  /** Longest downtime in milliseconds that this request gives the hypervisor: what was asked for, or its default. */
  readonly maxDowntime: number
  /** What was not measured and why, for people: a sentence each. */
  readonly unknown: readonly string[]
}
