import type { Clock } from '../driver/index.ts'
import type { EventBody, MigrationEvent } from './events.ts'

/** Most progress events that are kept for readers that come later; beyond it every second one is forgotten. */
const PROGRESS_KEPT = 128

/** The events of one migration: any number of readers, each from the first event on, each at its own pace. */
export interface EventLog extends AsyncIterable<MigrationEvent> {
  emit(body: EventBody): void
  /** No more events will come: readers end once they have read the last. */
  end(): void
}

export function eventLog(migration: string, clock: Clock): EventLog {
  let kept: MigrationEvent[] = []
  let seq = 0
  let ended = false
  let waiting: (() => void)[] = []

  const wake = (): void => {
    const readers = waiting
    waiting = []
    for (const resume of readers) resume()
  }
  const thin = (): void => {
    let odd = false
    const progress = kept.filter((event) => event.type === 'progress')
    if (progress.length <= PROGRESS_KEPT) return
    const latest = progress.at(-1)
    kept = kept.filter((event) => {
      if (event.type !== 'progress' || event === latest) return true
      odd = !odd
      return odd
    })
  }

  return {
    emit(body) {
      kept.push({ ...body, at: new Date(clock.now()).toISOString(), migration, seq: seq++ })
      if (body.type === 'progress') thin()
      wake()
    },
    end() {
      ended = true
      wake()
    },
    async *[Symbol.asyncIterator]() {
      let last = -1
      for (;;) {
        const next = kept.find((event) => event.seq > last)
        if (next) {
          last = next.seq
          yield next
        } else if (ended) {
          return
        } else {
          await new Promise<void>((resume) => waiting.push(resume))
        }
      }
    },
  }
}
