import type { Finding } from '@vmferry/core/driver'

type Side = Finding['side']

export function blocker(
  side: Side,
  code: string,
  message: string,
  remedy: string,
  more: Pick<Finding, 'words' | 'error'> = {},
): Finding {
  return { severity: 'blocker', side, code, message, remedy, ...more }
}

export function warning(side: Side, code: string, message: string, remedy: string): Finding {
  return { severity: 'warning', side, code, message, remedy }
}
