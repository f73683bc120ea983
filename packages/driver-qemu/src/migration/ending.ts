import type { QmpClient } from '@vmferry/qmp'
import { hasGoneOver } from './post-copy.ts'

/** The end of a copy, as one QEMU tells it by events. */
export interface Ending {
  /** It is complete, has failed, was cancelled, or has gone over to post-copy; or nothing more will be heard. */
  readonly reached: Promise<void>
  /** QEMU waits with a guest that stands still until its disks are done. */
  readonly held: Promise<void>
  /**
   * Whether it is complete, and nobody was seen to run. The source says so of a guest that it has stopped for the last pages and runs no
   * more by itself, the target after everything else that comes with it (QEMU's migration.c): whoever hears it may go on at once, and
   * need not ask.
   */
  isCopied(): boolean
  /** Whether the monitor has gone. */
  isLost(): boolean
}

/** Listens for it from now on, as long as the monitor is open. */
export function watchEnding(monitor: QmpClient): Ending {
  let complete = false
  let hasRun = false
  let lost = false
  let hold = (): void => {}
  const held = new Promise<void>((resolve) => {
    hold = resolve
  })
  const reached = new Promise<void>((resolve) => {
    monitor.on('MIGRATION', ({ data }) => {
      complete = data.status === 'completed'
      if (data.status === 'pre-switchover') hold()
      if ((isOver(data.status) && data.status !== 'none') || hasGoneOver(data)) resolve()
    })
    void monitor.closed.then(() => {
      lost = true
      resolve()
    })
  })
  monitor.on('RESUME', () => {
    hasRun = true
  })
  return { reached, held, isCopied: () => complete && !hasRun, isLost: () => lost }
}

/** Whether nothing more will come of a migration. */
export function isOver(status: string | undefined): boolean {
  return status === undefined || ['none', 'completed', 'failed', 'cancelled'].includes(status)
}
