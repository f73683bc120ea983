import type { TransferProgress } from '@vmferry/core/driver'

/** What is known of a copy under way. */
export interface CopyFigures {
  readonly bytes: number
  /** Passes over the memory as far as they can be seen; at least 1. */
  readonly rounds: number
}

/** As core is told of it. What is left is known for the first pass, and when all has come; in between it is what the guest wrote. */
export function progressOf(
  { bytes, rounds }: CopyFigures,
  memoryBytes: number,
  arrived: boolean,
): TransferProgress {
  return {
    type: 'transfer',
    round: rounds,
    bytes,
    remainingBytes: arrived ? 0 : Math.max(0, memoryBytes - bytes),
    totalBytes: memoryBytes,
  }
}
