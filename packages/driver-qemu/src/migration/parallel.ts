import type { MigrationRequest } from '@vmferry/core/driver'
import { type Step } from '@vmferry/fence'
import type { MigrationCapabilityState } from '@vmferry/qmp'
import { attempt, tell } from '../fence/step.ts'

/** QEMU's name for a stream over several connections. */
const MULTIFD = 'multifd'

/**
 * Makes QEMU carry the pages over so many connections besides the main one. Both sides are told the same before they
 * listen or connect: a target that expects another number hangs, and takes no command any more (measured on QEMU 7.2).
 * The plain stream is told as well, since capabilities and parameters stay from one migration to the next.
 */
export function parallelSteps({ connections }: Pick<MigrationRequest, 'connections'>): readonly Step[] {
  if (connections === 1) return [PLAIN]
  return [
    tell('migrate-set-capabilities', { capabilities: [{ capability: MULTIFD, state: true }] }),
    tell('migrate-set-parameters', { 'multifd-channels': connections }),
  ]
}

/** The plain stream. A QEMU that knows no other has nothing to switch off. */
const PLAIN: Step = attempt('migrate-set-capabilities', {
  capabilities: [{ capability: MULTIFD, state: false }],
})

/** Whether a QEMU that names these capabilities lacks what is asked for. */
export function lacksParallel(
  { connections }: Pick<MigrationRequest, 'connections'>,
  known: readonly MigrationCapabilityState[],
): boolean {
  return connections > 1 && !known.some(({ capability }) => capability === MULTIFD)
}
