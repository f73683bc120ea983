import { vmError } from '../driver/index.ts'

/** 10^6 bit/s. */
const BYTES_PER_MEGABIT = 125_000

/**
 * Mbps of the user's side (10^6 bit/s, so 125,000 bytes/s) as the bytes per second of the inside. 0 stays 0: a suitable
 * default. A positive limit never becomes 0: the result is a whole number, at least 1.
 *
 * @throws VM_INVALID for a negative number, one that is not finite, and one beyond 2^53 bytes/s
 */
export function bytesPerSecondFromMbps(mbps: number): number {
  // Number.isFinite comes first: a caller in plain JavaScript may hand over anything.
  const bytesPerSecond =
    Number.isFinite(mbps) && mbps >= 0 ? Math.round(mbps * BYTES_PER_MEGABIT) : Number.NaN
  if (!Number.isSafeInteger(bytesPerSecond)) {
    throw vmError('VM_INVALID', `a bandwidth of ${String(mbps)} Mbps: it takes a number from 0 upwards`, {
      remedy: 'give megabits per second, such as 800; 0 is a suitable default',
    })
  }
  return mbps > 0 ? Math.max(1, bytesPerSecond) : 0
}

/** Bytes per second as Mbps (10^6 bit/s), not rounded. */
export function mbpsFromBytesPerSecond(bytesPerSecond: number): number {
  return bytesPerSecond / BYTES_PER_MEGABIT
}
