import { type Clock, sleep } from '@vmferry/core/driver'

/** What goes on when its caller has been answered. */
export interface Afterwards {
  /** Takes it on; how it ends is nobody's concern. */
  add(work: Promise<unknown>): void
  /** Resolves when nothing goes on any more, after `limit` milliseconds at the latest. */
  ended(limit: number): Promise<void>
}

export function afterwards(clock: Clock): Afterwards {
  const going = new Set<Promise<unknown>>()
  return {
    add(work) {
      const kept: Promise<unknown> = work.catch(() => {}).finally(() => going.delete(kept))
      going.add(kept)
    },
    async ended(limit) {
      const over = new AbortController()
      const patience = sleep(clock, limit, over.signal).catch(() => {})
      await Promise.race([Promise.all(going), patience])
      over.abort()
    },
  }
}
