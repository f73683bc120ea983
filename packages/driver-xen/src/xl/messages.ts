/** What the two ends of xl's own migration say to each other (xl_migrate.c of Xen 4.17; recorded on 4.17.7). */
export const MESSAGES = {
  /** The receiver is there: it waits for the stream. Without a NUL. */
  banner: 'xl migration receiver ready, send binary domain data.\n',
  /** Everything has come. */
  ready: 'domain received, ready to unpause\0',
  /** The receiver may start the guest; and, back again, that its copy is no more. */
  go: 'domain is yours, you are cleared to unpause\0',
  /** How the start went: one byte follows, 0 for well. */
  report: 'my copy unpause results are as follows\0',
} as const

/** Ends xl's name for a guest at the target until it may run. */
export const INCOMING = '--incoming'

/** Ends xl's name for a guest at the source from the hand-over on. */
export const AWAY = '--migratedaway'
