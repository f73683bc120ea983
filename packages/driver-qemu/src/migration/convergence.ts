/** What a copy that goes on needs: nothing, a longer downtime (milliseconds), or what only the user can decide. */
export type Need = null | { readonly downtime: number } | 'help'

/** Watches whether the rounds of a copy get shorter. */
export interface Convergence {
  /** Looks at the figures of QEMU: the round from 1, and the bytes that are left in it. */
  look(round: number, remaining: number): Need
}

/** How long the guest may stand still: what QEMU was given, and the longest that is acceptable. Milliseconds. */
export interface Downtime {
  readonly given: number
  readonly most: number
}

/** Rounds that a copy has to itself: the first one carries everything, the second what was written meanwhile. */
const FREE_ROUNDS = 2

/** A round that leaves more than this part of the best one before does not converge. */
const PROGRESS = 0.9

/**
 * A guest that writes about as fast as the link carries leaves as much after each round. It can be moved all the same if
 * it may stand still for longer: the downtime is doubled, only as often as it takes.
 */
export function convergence(downtime: () => Downtime): Convergence {
  let seen = 0
  let best = Number.POSITIVE_INFINITY
  let limit = 0
  let helpless = false
  return {
    look(round, remaining) {
      if (round <= seen) return null
      seen = round
      const stalled = round > FREE_ROUNDS && remaining > best * PROGRESS
      best = Math.min(best, remaining)
      if (!stalled) return null
      const { given, most } = downtime()
      limit = Math.max(limit, given)
      if (limit < most) {
        limit = Math.min(limit * 2, most)
        return { downtime: limit }
      }
      if (helpless) return null
      helpless = true
      return 'help'
    },
  }
}
