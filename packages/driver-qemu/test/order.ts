import type { Step } from '@vmferry/fence'
import type { QmpCommandName } from '@vmferry/qmp'

/** The command that a step gives to QEMU; null for one that gives none. */
export function orderOf({ words: [verb, command] }: Step): Order | null {
  return verb === 'tell' || verb === 'try' ? (JSON.parse(command) as Order) : null
}

interface Order {
  readonly execute: QmpCommandName
  readonly arguments?: object
}
