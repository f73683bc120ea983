import type { MigrateOptions } from '@vmferry/core'
import type { TimeLimit } from './time-limit.ts'

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
  readonly timeoutAction: TimeLimit['action']
  readonly copyStorage?: true
  readonly postcopy?: true
  readonly autoConverge?: true
  readonly abortOnError?: true
  readonly connections?: number
  readonly paused?: true
  /** Seconds. */
  readonly stallTimeout?: number
  /** Seconds. */
  readonly settleTimeout?: number
}

/** The wishes in the words of the API. */
export function migrateOptions(wishes: Wishes): MigrateOptions {
  const { live, rename, uri, bandwidth, maxDowntime, connections, paused } = wishes
  const { stallTimeout, settleTimeout } = wishes
  const { copyStorage, autoConverge, abortOnError, postcopy } = wishes
  const limit = timeLimit(wishes)
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
    ...(abortOnError && { abortOnError }),
    ...((postcopy || limit?.action === 'postcopy') && { postCopy: true }),
  }
}

/** What is to be done when it takes too long; null: nothing was asked for. */
export function timeLimit({ timeout, timeoutAction }: Wishes): TimeLimit | null {
  return timeout === undefined ? null : { seconds: timeout, action: timeoutAction }
}
