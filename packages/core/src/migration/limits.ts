import { vmError } from '../driver/index.ts'

/** How long core waits, in milliseconds. After a limit the answer is *unknown*, never *failed*. */
export interface Limits {
  /** Both checks. Default 60,000. */
  readonly check: number
  /** Default 30,000. */
  readonly begin: number
  /** Default 60,000. */
  readonly prepare: number
  /** No byte moved for so long while performing: a stalled link. Default 30,000. */
  readonly stall: number
  /** Default 60,000. */
  readonly ready: number
  /** Default 30,000. */
  readonly handOver: number
  /** Default 30,000. */
  readonly finish: number
  /** Default 60,000. */
  readonly confirm: number
  /** Each step of a roll-back. Default 60,000. */
  readonly abort: number
  /** How long the hosts are asked again after the commit before the outcome is `inDoubt`. Default 60,000. */
  readonly settle: number
  /** How long a driver may take to stop once its signal has fired. Default 15,000. */
  readonly grace: number
}

const DEFAULT_LIMITS: Limits = {
  check: 60_000,
  begin: 30_000,
  prepare: 60_000,
  stall: 30_000,
  ready: 60_000,
  handOver: 30_000,
  finish: 30_000,
  confirm: 60_000,
  abort: 60_000,
  settle: 60_000,
  grace: 15_000,
}

/** The limits with their defaults filled in; VM_INVALID for one that is not a positive number. */
export function withDefaultLimits(limits: Partial<Limits> = {}): Limits {
  for (const [name, ms] of Object.entries(limits)) {
    if (!(name in DEFAULT_LIMITS)) throw vmError('VM_INVALID', `there is no limit named '${name}'`)
    if (!(ms > 0))
      throw vmError('VM_INVALID', `the limit '${name}' is ${ms}: it takes a positive number of milliseconds`)
  }
  return { ...DEFAULT_LIMITS, ...limits }
}
