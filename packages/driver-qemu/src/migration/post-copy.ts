import {
  type EffectOptions,
  type MigrationRequest,
  type Offer,
  unlessAborted,
  vmError,
} from '@vmferry/core/driver'
import type { Fence } from '@vmferry/fence'
import type { MigrationInfo } from '@vmferry/qmp'
import { attempt } from '../fence/step.ts'
import type { Need } from './convergence.ts'

/** QEMU's name for it. Both sides are told before they listen or connect. */
export const POST_COPY = 'postcopy-ram'

/**
 * The guest may run at the target, and some of its memory is still here. Until `postcopy-device` is over the target has not
 * said that it can run it. States that newer versions add count as under way.
 */
export function hasGoneOver({ status }: Pick<MigrationInfo, 'status'>): boolean {
  return status?.startsWith('postcopy') === true && status !== 'postcopy-device'
}

/** Whether a source can never run again: post-copy has begun, or has come to its end. */
export function hasBegun({ status, ram }: MigrationInfo): boolean {
  return (
    status?.startsWith('postcopy') === true || (status === 'completed' && (ram?.['postcopy-bytes'] ?? 0) > 0)
  )
}

/** The way of a copy into post-copy. */
export interface Turn {
  /** QEMU was told: the copy can only go forward, and must not be cancelled any more. */
  readonly told: boolean
  /** Whether it is time, given what the copy needs. */
  isDue(need: Need): boolean
  /** Has it put on file by core, then tells QEMU. */
  take(fence: Fence, call: EffectOptions): Promise<void>
}

/** `tuned`: whether the user wants it now. A guest that stands still has no need of it. */
export function postCopyTurn(
  { live, postCopy }: MigrationRequest,
  { runState }: Offer,
  tuned: () => boolean,
): Turn {
  const may = live && postCopy && runState === 'running'
  let told = false
  return {
    get told() {
      return told
    },
    isDue: (need) => may && !told && (need === 'help' || tuned()),
    async take(fence, call) {
      await unlessAborted(call.permit('postcopy'), call.signal)
      told = true
      // one that was complete before the word came refuses it
      await fence.act([attempt('migrate-start-postcopy')], call)
    },
  }
}

/** A copy that was told to go over is not stopped, and nobody knows how it goes on. */
export function notStopped(host: string): Error {
  return vmError(
    'VM_TIMEOUT',
    `the copy from ${host} was told to go over to post-copy, and cannot be stopped`,
    { host },
  )
}
