/** An event that is to happen. */
export interface PlannedEvent {
  readonly at: number
  /** Decides between events of one time. */
  readonly tie: number
  run: () => void
}

/** Events, the earliest first: a binary heap. */
export interface EventQueue {
  add(event: PlannedEvent): void
  /** Takes the earliest event out, past those that are `stale`. */
  next(stale: (event: PlannedEvent) => boolean): PlannedEvent | null
}

export function eventQueue(): EventQueue {
  const heap: PlannedEvent[] = []
  const earlier = (one: PlannedEvent, other: PlannedEvent): boolean =>
    one.at < other.at || (one.at === other.at && one.tie < other.tie)

  const take = (): PlannedEvent | null => {
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last) return null
    if (first === last) return first
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      const left = heap[child]
      if (!left) break
      const right = heap[child + 1]
      const least = right && earlier(right, left) ? right : left
      if (least === right) child += 1
      if (!earlier(least, last)) break
      heap[hole] = least
      hole = child
    }
    heap[hole] = last
    return first
  }

  return {
    add(event) {
      let hole = heap.length
      while (hole > 0) {
        const parent = (hole - 1) >> 1
        const above = heap[parent] as PlannedEvent
        if (!earlier(event, above)) break
        heap[hole] = above
        hole = parent
      }
      heap[hole] = event
    },
    next(stale) {
      for (;;) {
        const event = take()
        if (event === null || !stale(event)) return event
      }
    },
  }
}
