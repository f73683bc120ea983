import type { MigrateOptions } from '@vmferry/core'
import { vmError } from '@vmferry/core/driver'

/** The options of `plan` and `migrate`, as the command line gives them. */
export interface Wishes {
  readonly live?: true
  readonly rename?: string
  readonly uri?: string
  /** Mbps. */
  readonly bandwidth?: number
  /** Milliseconds. */
  readonly maxDowntime?: number
  /** Seconds. */
  readonly timeout?: number
  readonly timeoutAction: 'abort' | 'suspend' | 'postcopy'
  readonly copyStorage?: true
  readonly postcopy?: true
  readonly autoConverge?: true
  readonly connections?: number
  readonly paused?: true
  /** Seconds. */
  readonly stallTimeout?: number
  /** Seconds. */
  readonly settleTimeout?: number
}

/** The wishes in the words of the API. VM_UNSUPPORTED for what the command line knows and cannot do yet. */
export function migrateOptions(wishes: Wishes): MigrateOptions {
  const { live, rename, uri, bandwidth, maxDowntime, connections, paused } = wishes
  const { stallTimeout, settleTimeout } = wishes
  const { copyStorage, autoConverge, postcopy, timeout, timeoutAction } = wishes
  if (timeout !== undefined && timeoutAction !== 'abort')
    throw vmError('VM_UNSUPPORTED', `the time-out action '${timeoutAction}' cannot be done`, {
      phase: 'check',
      remedy: 'use --timeout-action abort',
    })
  const limits = {
    ...(stallTimeout !== undefined && { stall: stallTimeout * 1000 }),
    ...(settleTimeout !== undefined && { settle: settleTimeout * 1000 }),
  }
  return {
    limits,
    ...(live && { live }),
    ...(rename !== undefined && { rename }),
    ...(uri !== undefined && { uri }),
    ...(bandwidth !== undefined && { bandwidth }),
    ...(maxDowntime !== undefined && { maxDowntime }),
    ...(connections !== undefined && { connections }),
    ...(paused && { paused }),
    ...(copyStorage && { copyStorage }),
    ...(autoConverge && { autoConverge }),
    ...(postcopy && { postCopy: postcopy }),
  }
}
