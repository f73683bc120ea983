/**
 * The phases of a migration in their one order. `drain` happens only in post-copy; `ready` and `hand-over` only where
 * the driver has them. The names follow libvirt's protocol version 3 (begin, prepare, perform, finish, confirm), with
 * the steps that it lacks.
 */
export const PHASES = [
  'check',
  'begin',
  'prepare',
  'perform',
  'ready',
  'hand-over',
  'finish',
  'drain',
  'confirm',
] as const

/** A phase of a migration: one of {@link PHASES}, or `abort` for what follows a failure. */
export type Phase = (typeof PHASES)[number] | 'abort'
