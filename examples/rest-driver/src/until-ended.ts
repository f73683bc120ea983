import { type EffectOptions, type MigrationId, sleep, vmError } from '@vmferry/core/driver'
import type { Job } from './job.ts'
import type { RestNode } from './rest-node.ts'

/** Milliseconds between two looks, and how long a job that was cancelled may take to end. */
const PACE = 50
const PATIENCE = 10_000

/**
 * Waits until the job has ended, and tells how it gets on. On the signal it asks the cluster to stop, and waits on: only the
 * cluster's answer tells where the guest is.
 */
export async function untilEnded(
  { client, clock }: RestNode,
  id: MigrationId,
  call: EffectOptions,
): Promise<Job> {
  const alone = { signal: new AbortController().signal }
  let cancelledAt: number | null = null
  for (;;) {
    const job = await client.get<Job>(`/jobs/${id}`, alone)
    const { state, bytes, totalBytes } = job
    call.onProgress?.({ type: 'transfer', round: 1, bytes, remainingBytes: totalBytes - bytes, totalBytes })
    if (state !== 'running') return job
    if (call.signal.aborted && cancelledAt === null) {
      cancelledAt = clock.monotonic()
      await client.post(`/jobs/${id}/cancel`, {}, alone)
    }
    if (cancelledAt !== null && clock.monotonic() - cancelledAt > PATIENCE)
      throw vmError('VM_TIMEOUT', `the job ${id} was cancelled and has not ended: nobody knows how it will`)
    await sleep(clock, PACE, cancelledAt === null ? call.signal : alone.signal).catch(() => {})
  }
}
