import { type Phase, type VmErrorCode, vmError } from '@vmferry/core/driver'

/** Where a fault can strike: a phase, or one of the calls beside the phases. */
export type FaultPoint = Phase | 'connect' | 'claim' | 'recall' | 'inspect' | 'tune'

/**
 * What happens.
 *
 * - `fail`: the call rejects with VM_PHASE_FAILED; struck `after`, the effect has happened and it is VM_CONNECTION.
 * - `hang`: no answer until the call's signal fires; struck `after`, the effect has happened.
 * - `lose-request`: no effect, and the call rejects with VM_TIMEOUT.
 * - `lose-answer`: the effect happens, and the call rejects with VM_TIMEOUT.
 * - `garbage`: the effect happens, the answer cannot be read, and the call rejects with VM_PROTOCOL.
 * - `duplicate`: the request is delivered once more when the first has been answered, and that answer is lost. The effect
 *   happens twice where it can; the call ends as the second does (a second `perform` is VM_INVALID, a second `claim`
 *   VM_STALE).
 * - `late`: the call rejects with VM_TIMEOUT at once. The request arrives `delayMs` later, with nobody there to stop it:
 *   the effect happens if fencing and the state of things allow it **then**, and nobody gets an answer.
 * - `crash`: the guest's process on that host dies; the call goes on and meets what it meets.
 */
export type FaultKind =
  | 'fail'
  | 'hang'
  | 'lose-request'
  | 'lose-answer'
  | 'garbage'
  | 'duplicate'
  | 'late'
  | 'crash'

/**
 * `during`: in perform when half of the memory is sent, in prepare when the record is filed, in finish between the mark
 * and the run, in confirm and abort when the record is still there; in the other calls the same as `before`.
 */
export type FaultWhen = 'before' | 'during' | 'after'

/** A fault that is planned: plain data. */
export interface Fault {
  readonly at: FaultPoint
  readonly kind: FaultKind
  /** Default: either side. */
  readonly side?: 'source' | 'target'
  /** Name of a host; default: any. */
  readonly host?: string
  /** Name of a domain on its host; default: any. */
  readonly domain?: string
  /**
   * Default `before`. `lose-request`, `duplicate` and `late` are always `before`; `lose-answer` and `garbage` always
   * `after`.
   */
  readonly when?: FaultWhen
  /** How often it strikes; default 1. `Infinity` is possible. */
  readonly times?: number
  /** Another code for the rejection of all kinds but `hang`, `duplicate` and `crash`. */
  readonly code?: VmErrorCode
  /** Only for `late`: milliseconds of world time until the request arrives. Default 1000. */
  readonly delayMs?: number
}

/** Where a call is at this moment. */
export interface FaultPlace {
  readonly at: FaultPoint
  readonly side: 'source' | 'target' | null
  readonly host: string
  readonly domain: string | null
  readonly when: FaultWhen
}

/** The faults that are still to come. */
export interface FaultPlan {
  /** Plans a fault. VM_INVALID for a kind or point in time that cannot be. */
  add(fault: Fault): void
  /** Forgets all of them. */
  clear(): void
  /** Those that have not struck as often as they should. */
  pending(): readonly Fault[]
  /** The first that strikes here, which counts as one of its times; null: none. */
  take(place: FaultPlace): Fault | null
}

export function createFaults(): FaultPlan {
  let planned: { readonly fault: Fault; left: number }[] = []
  return {
    add(fault) {
      const { kind, when, times = 1, delayMs } = fault
      if (!KINDS.has(kind)) throw vmError('VM_INVALID', `there is no kind of fault named '${kind}'`)
      if (delayMs !== undefined && (kind !== 'late' || !(delayMs >= 0)))
        throw vmError('VM_INVALID', `a fault of kind ${kind} with a delay of ${delayMs} ms`)
      if (!(times > 0)) throw vmError('VM_INVALID', `a fault that strikes ${times} times`)
      if (when !== undefined && whenOf({ ...fault }) !== when)
        throw vmError('VM_INVALID', `a fault of kind ${kind} cannot strike ${when}`)
      planned.push({ fault: { ...fault }, left: times })
    },
    clear() {
      planned = []
    },
    pending: () => planned.map(({ fault }) => fault),
    take(place) {
      const found = planned.find(({ fault }) => strikes(fault, place))
      if (!found) return null
      found.left -= 1
      planned = planned.filter(({ left }) => left > 0)
      return found.fault
    },
  }
}

/** Each kind, and when it strikes where that is no choice. */
const KINDS: ReadonlyMap<string, FaultWhen | null> = new Map<FaultKind, FaultWhen | null>([
  ['fail', null],
  ['hang', null],
  ['lose-request', 'before'],
  ['lose-answer', 'after'],
  ['garbage', 'after'],
  ['duplicate', 'before'],
  ['late', 'before'],
  ['crash', null],
])

function strikes(fault: Fault, { at, side, host, domain, when }: FaultPlace): boolean {
  return (
    fault.at === at &&
    whenOf(fault) === when &&
    fits(fault.side, side) &&
    fits(fault.host, host) &&
    fits(fault.domain, domain)
  )
}

function fits<T>(wanted: T | undefined, found: T | null): boolean {
  return wanted === undefined || wanted === found
}

function whenOf({ kind, when = 'before' }: Fault): FaultWhen {
  return KINDS.get(kind) ?? when
}
