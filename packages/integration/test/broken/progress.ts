import type { Outgoing, Progress, TransferProgress } from '@vmferry/core/driver'
import { type BrokenDriver, broken, declaring } from './broken-driver.ts'

/** A perform whose listener hears something else: `tell` gets each event and passes on what it likes. */
const telling =
  (start: () => (event: Progress, pass: (event: Progress) => void) => void) =>
  (next: Outgoing['perform']): Outgoing['perform'] =>
  (ticket, dial, call) => {
    const tell = start()
    const { onProgress } = call
    return next(ticket, dial, onProgress ? { ...call, onProgress: (event) => tell(event, onProgress) } : call)
  }

/** Tells of each transfer what `change` makes of it. */
const changed = (change: (event: TransferProgress) => TransferProgress): ReturnType<typeof telling> =>
  telling(() => (event, pass) => pass(event.type === 'transfer' ? change(event) : event))

/** Tells of no transfer. */
const silent = telling(() => (event, pass) => {
  if (event.type !== 'transfer') pass(event)
})

const EVENT: TransferProgress = {
  type: 'transfer',
  round: 1,
  bytes: 1,
  remainingBytes: 0,
  totalBytes: 1,
}

export const brokenProgress: readonly BrokenDriver[] = [
  broken('progress.optional', 'cannot perform when nobody listens', () => ({
    perform: (next) => async (ticket, dial, call) => {
      if (!call.onProgress) throw new TypeError('onProgress is not a function')
      return next(ticket, dial, call)
    },
  })),
  broken(
    'progress.told',
    'declares coarse progress and tells none',
    () => ({ perform: silent }),
    declaring({ progress: 'coarse' }),
  ),
  broken(['progress.ends', 'progress.moves'], 'declares exact progress and tells none', () => ({
    perform: silent,
  })),
  broken('progress.rises', 'counts backwards once', () => ({
    perform: telling(() => {
      let first = true
      return (event, pass) => {
        pass(event)
        if (first && event.type === 'transfer') pass({ ...event, bytes: 0 })
        first &&= event.type !== 'transfer'
      }
    }),
  })),
  broken('progress.whole', 'tells halves of bytes', () => ({
    perform: changed((event) => ({ ...event, totalBytes: event.totalBytes + 0.5 })),
  })),
  broken('progress.ends', 'never says that nothing remains', () => ({
    perform: changed((event) => ({ ...event, remainingBytes: event.remainingBytes + 1 })),
  })),
  broken('progress.moves', 'tells its progress at the end of each round only', () => ({
    perform: telling(() => (event, pass) => {
      if (event.type !== 'transfer' || event.remainingBytes === 0) pass(event)
    }),
  })),
  broken('progress.stopped', 'does not tell when the guest has stopped', () => ({
    perform: telling(() => (event, pass) => {
      if (event.type !== 'stopped') pass(event)
    }),
  })),
  broken('progress.stopped', 'tells twice that the guest has stopped', () => ({
    perform: telling(() => (event, pass) => {
      pass(event)
      if (event.type === 'stopped') pass(event)
    }),
  })),
  broken(
    'progress.silent',
    'declares no progress and tells some',
    () => ({
      perform: (next) => (ticket, dial, call) => {
        call.onProgress?.(EVENT)
        return next(ticket, dial, call)
      },
    }),
    (world) => declaring({ progress: 'none' })(world),
  ),
]
