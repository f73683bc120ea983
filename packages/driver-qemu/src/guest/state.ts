import type { CallOptions } from '@vmferry/core/driver'
import type { Fence } from '@vmferry/fence'
import type { MigrationInfo, QmpClient, StatusInfo } from '@vmferry/qmp'
import { tell } from '../fence/step.ts'
import { hasGoneOver } from '../migration/post-copy.ts'

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

/** What QEMU has said of its copy, by events. */
export interface Told {
  /** It is complete, and nobody has run since. */
  isCopied(): boolean
  /** Resolves when it is complete, has failed, or has gone over to post-copy; null: there is no monitor to hear it. */
  readonly turned: Promise<void> | null
}

/**
 * Whether QEMU has said that the copy is complete, and has run nobody. The source says so of a guest that it has stopped for the
 * last pages and runs no more by itself, the target after everything else that comes with it (QEMU's migration.c): whoever hears it
 * may go on at once, and need not ask.
 */
export function copiedAsTold(monitor: QmpClient | null): Told {
  let complete = false
  let hasRun = false
  const turned = new Promise<void>((resolve) => {
    monitor?.on('MIGRATION', ({ data }) => {
      complete = data.status === 'completed'
      if (complete || data.status === 'failed' || hasGoneOver(data)) resolve()
    })
  })
  monitor?.on('RESUME', () => {
    hasRun = true
  })
  return { isCopied: () => complete && !hasRun, turned: monitor && turned }
}
