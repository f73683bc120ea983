import type { Outcome } from '@vmferry/core'
import { isVmError } from '@vmferry/core/driver'

/** A signal that ends a command. */
export type SignalName = 'SIGINT' | 'SIGTERM'

/** The code for a command line that does not parse. */
export const EXIT_USAGE = 2

/** How a migration's end is told to the shell; a signal counts only where it led back to the source. */
export function exitCodeOfOutcome(outcome: Outcome, signal: SignalName | null = null): number {
  switch (outcome) {
    case 'migrated':
      return 0
    case 'rolledBack':
      return signal === null ? 1 : EXIT_OF_SIGNAL[signal]
    case 'inDoubt':
      return 3
    case 'lost':
      return 4
  }
}

/** How a command that failed is told to the shell. */
export function exitCodeOfError(error: unknown, signal: SignalName | null = null): number {
  if (isVmError(error, 'VM_IN_DOUBT')) return exitCodeOfOutcome('inDoubt')
  if (isVmError(error, 'VM_LOST')) return exitCodeOfOutcome('lost')
  return exitCodeOfOutcome('rolledBack', signal)
}

const EXIT_OF_SIGNAL: Readonly<Record<SignalName, number>> = { SIGINT: 130, SIGTERM: 143 }
