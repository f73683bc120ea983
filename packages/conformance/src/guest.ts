import type { Bench, Wish } from './bench.ts'

/** The guest that every case moves. */
export const GUEST = 'web1'

/** A wish that makes a copy take about a second, where that can be asked for. */
export function slowly({ capabilities, stage }: Bench): Wish {
  return capabilities.resource ? { bandwidth: stage.guestBytes } : {}
}
