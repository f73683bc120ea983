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
  const { signal } = call
  return Promise.all([
    monitor.execute('query-status', {}, { signal }),
    monitor.execute('query-migrate', {}, { signal }),
  ])
}
