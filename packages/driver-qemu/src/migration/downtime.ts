/** QEMU's own default, in milliseconds. */
const DEFAULT_DOWNTIME = 300

/** QEMU takes at most 2,000,000 ms (measured on 7.2). */
const LONGEST_DOWNTIME = 2_000_000

/** What a copy begins with: the longest downtime that is asked for is for a guest that needs it. */
export function firstDowntime(maxDowntime: number | null): number {
  return Math.min(downtimeOf(maxDowntime), DEFAULT_DOWNTIME)
}

/** What it may be raised to. Milliseconds. */
export function downtimeOf(maxDowntime: number | null): number {
  return Math.min(Math.round(maxDowntime ?? DEFAULT_DOWNTIME), LONGEST_DOWNTIME)
}
