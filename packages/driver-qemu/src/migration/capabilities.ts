import type { MigrationRequest } from '@vmferry/core/driver'
import type { MigrationCapabilityState } from '@vmferry/qmp'
import { POST_COPY } from './post-copy.ts'

/** QEMU's name for a stream over several connections. A target that expects another number than it gets hangs, and takes no command any more (measured on QEMU 7.2). */
const MULTIFD = 'multifd'

/** What a copy takes of QEMU besides the plain stream. */
type Wish = Pick<MigrationRequest, 'autoConverge' | 'connections' | 'postCopy'>

/** What the target is told before it listens: it has just started, so that nothing is to be switched off. */
export function receiving(wish: Wish): MigrationCapabilityState[] {
  return onBothSides(wish).filter(({ state }) => state)
}

/**
 * What the source is told before it sends. Capabilities stay from one migration to the next: what is not asked for is
 * switched off, unless this QEMU has never heard of it. `known`: the names that it has. `holds`: it waits for its disks.
 */
export function sending(wish: Wish, holds: boolean, known: readonly string[]): MigrationCapabilityState[] {
  return [
    ...onBothSides(wish),
    { capability: 'return-path', state: true },
    { capability: 'auto-converge', state: wish.autoConverge },
    { capability: 'pause-before-switchover', state: holds },
  ].filter(({ capability, state }) => state || known.includes(capability))
}

function onBothSides({ connections, postCopy }: Wish): MigrationCapabilityState[] {
  return [
    { capability: 'events', state: true },
    { capability: MULTIFD, state: connections > 1 },
    { capability: POST_COPY, state: postCopy },
  ]
}

/** The parameter that goes with several connections. */
export function channels({ connections }: Wish): { readonly 'multifd-channels'?: number } {
  return connections > 1 ? { 'multifd-channels': connections } : {}
}

/** Whether a QEMU that names these capabilities lacks what is asked for. */
export function lacksParallel(
  { connections }: Pick<MigrationRequest, 'connections'>,
  known: readonly MigrationCapabilityState[],
): boolean {
  return connections > 1 && !known.some(({ capability }) => capability === MULTIFD)
}
