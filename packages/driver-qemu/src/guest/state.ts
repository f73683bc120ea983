import type { CallOptions } from '@vmferry/core/driver'
import type { Fence } from '@vmferry/fence'
import type { MigrationInfo, QmpClient, StatusInfo } from '@vmferry/qmp'
import { tell } from '../fence/step.ts'

/**
 * What QEMU says of its run state and of its copy: over the monitor that this controller has, in one round trip, else
 * through the fence, since another controller may have the monitor.
 */
export async function guestState(
  monitor: QmpClient | null,
  fence: Fence,
  call: CallOptions,
): Promise<readonly [StatusInfo, MigrationInfo]> {
  if (!monitor) return fence.ask([tell('query-status'), tell('query-migrate')], call)
  return bothOf(monitor, call)
}

/**
 * The same, asked for as soon as QEMU says that the copy is complete: the guest stands still from then on until somebody wants to
 * know. Null where it has not said so, or where somebody has run the guest since.
 */
export function stateOnceCopied(
  monitor: QmpClient | null,
): () => Promise<readonly [StatusInfo, MigrationInfo]> | null {
  let asked: ReturnType<typeof bothOf> | null = null
  monitor?.on('MIGRATION', ({ data }) => {
    if (data.status !== 'completed') return
    asked = bothOf(monitor, {})
    asked.catch(() => {})
  })
  monitor?.on('RESUME', () => {
    asked = null
  })
  return () => asked
}

/**
 * Whether QEMU has said that the copy which it receives is complete, and has run nobody. It says so after everything else that comes
 * with it, so that whoever hears it may go on at once (QEMU's migration.c), and need not be asked.
 */
export function loadedAsTold(monitor: QmpClient | null): () => boolean {
  let complete = false
  let hasRun = false
  monitor?.on('MIGRATION', ({ data }) => {
    complete = data.status === 'completed'
  })
  monitor?.on('RESUME', () => {
    hasRun = true
  })
  return () => complete && !hasRun
}

function bothOf(
  monitor: QmpClient,
  { signal }: Partial<CallOptions>,
): Promise<readonly [StatusInfo, MigrationInfo]> {
  const options = signal ? { signal } : {}
  return Promise.all([
    monitor.execute('query-status', {}, options),
    monitor.execute('query-migrate', {}, options),
  ])
}
