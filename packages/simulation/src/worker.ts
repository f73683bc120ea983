import { parentPort } from 'node:worker_threads'
import { type Batch, runBatch } from './batch.ts'

/** One thread: simulates the batches that it is sent. */
parentPort?.on('message', (batch: Batch) => {
  runBatch(batch).then(
    (tally) => parentPort?.postMessage({ tally }),
    (error: unknown) => parentPort?.postMessage({ error: error instanceof Error ? (error.stack ?? '') : String(error) }),
  )
})
