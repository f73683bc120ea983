import type { Offer } from '@vmferry/core/driver'
import type { Bench, Wish } from './bench.ts'

/** The guest that every case moves. */
export const GUEST = 'web1'

/** An offer of nobody, by that name. */
export const NOBODY: Offer = {
  domain: GUEST,
  uuid: null,
  stream: 'none',
  runState: 'running',
  memoryBytes: 0,
  definition: null,
}

/** A wish that makes a copy take about a second, where that can be asked for. */
export function slowly({ capabilities, stage }: Bench): Wish {
  return capabilities.resource ? { bandwidth: stage.guestBytes } : {}
}
