import { parentPort } from 'node:worker_threads'
import { type Batch, runBatch } from './batch.ts'
import type { Tally } from './tally.ts'
import { thrown } from './thrown.ts'

/** What a worker says of a batch. */
export type Answer = { readonly tally: Tally } | { readonly error: string }

function answer(message: Answer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message)
}

// errors are the daily bread of a simulation, and nobody reads their stacks
Error.stackTraceLimit = 0

/** One thread: simulates the batches that it is sent. */
parentPort?.on('message', (batch: Batch) => {
  runBatch(batch).then(
    (tally) => answer({ tally }),
    (error: unknown) => answer({ error: thrown(error).stack ?? '' }),
  )
})
