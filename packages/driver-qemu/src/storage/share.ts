/** The part of a limit that the disks keep while memory is copied. By then they only carry what the guest writes to them. */
const OF_DISKS = 0.25

/** Bytes per second for disks and memory, while both are copied. */
export interface Shares {
  readonly disks: number
  readonly memory: number
}

/** Splits a limit, so that both together obey it. 0 is no limit. */
export function shares(limit: number): Shares {
  if (limit === 0) return { disks: 0, memory: 0 }
  const disks = Math.max(1, Math.floor(limit * OF_DISKS))
  return { disks, memory: Math.max(1, limit - disks) }
}

/** What each of several disks may take of a limit. */
export function perDisk(limit: number, count: number): number {
  return limit === 0 ? 0 : Math.max(1, Math.floor(limit / count))
}
