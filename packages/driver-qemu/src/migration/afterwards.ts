/** What goes on when its caller has been answered. */
export interface Afterwards {
  /** Takes on work that has a limit of its own; how it ends is nobody's concern. */
  add(work: Promise<unknown>): void
  /** Resolves when nothing goes on any more. */
  ended(): Promise<void>
}

export function afterwards(): Afterwards {
  const going = new Set<Promise<unknown>>()
  return {
    add(work) {
      const kept: Promise<unknown> = work.catch(() => {}).finally(() => going.delete(kept))
      going.add(kept)
    },
    async ended() {
      await Promise.all(going)
    },
  }
}
