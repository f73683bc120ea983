import { Worker } from 'node:worker_threads'
import type { Fencing } from '@vmferry/driver-test'
import type { Batch } from './batch.ts'
import { add, emptyTally, type Tally } from './tally.ts'
import type { Answer } from './worker.ts'

/** What a pool is to do. */
export interface PoolTask {
  readonly from: number
  readonly seeds: number
  readonly fencing: Fencing | null
  readonly workers: number
  /** Ends when the lowest seed that fails is known: none below it is left out. */
  readonly first: boolean
  /** Told after each batch. */
  readonly onTally?: (sum: Tally) => void
}

/** Seeds in one message to a worker. */
const BATCH = 200

/** Simulates seeds on several threads. The sum does not depend on how many they are. */
export async function runPool({ from, seeds, fencing, workers, first, onTally }: PoolTask): Promise<Tally> {
  const sum = emptyTally()
  const end = from + seeds
  let next = from
  const take = (): Batch | null => {
    if (next >= end || (first && sum.failures.length > 0)) return null
    const batch = { from: next, seeds: Math.min(BATCH, end - next), fencing, first }
    next += batch.seeds
    return batch
  }
  const work = async (): Promise<void> => {
    // what a seed makes is soon garbage: with room for many of them most is never copied
    const resourceLimits = { maxYoungGenerationSizeMb: 64 }
    const worker = new Worker(new URL('worker.js', import.meta.url), { resourceLimits })
    try {
      for (let batch = take(); batch; batch = take()) {
        add(sum, await answerTo(worker, batch))
        onTally?.(sum)
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  sum.failures.sort((one, other) => one.seed - other.seed)
  return sum
}

function answerTo(worker: Worker, batch: Batch): Promise<Tally> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (answer: Answer) => {
      worker.off('error', reject)
      if ('tally' in answer) resolve(answer.tally)
      else reject(new Error(answer.error))
    })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(batch)
  })
}
