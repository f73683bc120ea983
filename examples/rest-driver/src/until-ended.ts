import { type EffectOptions, type MigrationId, sleep } from '@vmferry/core/driver'
import type { Job } from './job.ts'
import type { RestNode } from './rest-node.ts'

/** Milliseconds between two looks. */
const PACE = 50

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
  let cancelled = false
  for (;;) {
    const job = await client.get<Job>(`/jobs/${id}`, alone)
    const { state, bytes, totalBytes } = job
    call.onProgress?.({ type: 'transfer', round: 1, bytes, remainingBytes: totalBytes - bytes, totalBytes })
    if (state !== 'running') return job
    if (call.signal.aborted && !cancelled) {
      cancelled = true
      await client.post(`/jobs/${id}/cancel`, {}, alone)
    }
    await sleep(clock, PACE, cancelled ? alone.signal : call.signal).catch(() => {})
  }
}
