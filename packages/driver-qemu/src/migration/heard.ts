import type { MigrationStatus, QmpClient } from '@vmferry/qmp'

/**
 * What a QEMU has said unasked since somebody listened: it saves a question while the guest stands still. Silence tells
 * nothing, and of a monitor that has gone nothing is known.
 */
export interface Heard {
  /** The last that it said of its migration; null: nothing. */
  copied(): MigrationStatus | null
  /** The last that it said of its guest; null: nothing. */
  guest(): 'stopped' | 'runs' | null
}

/** Listens for as long as the monitor is there. */
export function listenTo(monitor: QmpClient): Heard {
  let copied: MigrationStatus | null = null
  let guest: ReturnType<Heard['guest']> = null
  let gone = false
  monitor.on('MIGRATION', ({ data }) => {
    copied = data.status
  })
  monitor.on('STOP', () => {
    guest = 'stopped'
  })
  monitor.on('RESUME', () => {
    guest = 'runs'
  })
  void monitor.closed.then(() => {
    gone = true
  })
  return { copied: () => (gone ? null : copied), guest: () => (gone ? null : guest) }
}
