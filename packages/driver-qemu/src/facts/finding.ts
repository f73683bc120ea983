import type { Finding } from '@vmferry/core/driver'

type Side = Finding['side']

/** What stands in the way of a migration, on which side, and what to do about it. */
export function blocker(side: Side, code: string, message: string, remedy: string): Finding {
  return { severity: 'blocker', code, side, message, remedy }
}

/** What the user should know and may accept. */
export function warning(side: Side, code: string, message: string, remedy: string): Finding {
  return { ...blocker(side, code, message, remedy), severity: 'warning' }
}
