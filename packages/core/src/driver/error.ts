import type { Phase } from './phase.ts'

/**
 * The codes of vmferry's one error type. The union is open: a newer core or driver may add codes, so a `switch`
 * over them needs a default branch.
 *
 * | code | meaning |
 * |---|---|
 * | VM_ABORTED | stopped by a signal or by `cancel()`; `name` is `AbortError`, the first cause is the reason given |
 * | VM_BUSY | somebody else holds the domain, the monitor or the host at this moment |
 * | VM_CONNECTION | a host, socket or process cannot be reached, or the connection to it broke |
 * | VM_EXISTS | the name or the uuid is taken |
 * | VM_IN_DOUBT | after the commit the target could not be asked; the source is kept stopped |
 * | VM_INVALID | a malformed argument, an unknown flag, a call at the wrong time |
 * | VM_LOST | both copies are proved gone |
 * | VM_NOT_FOUND | no such domain, migration or file |
 * | VM_PHASE_FAILED | a phase failed and nothing more will happen in it (phase `check`: a blocker) |
 * | VM_PROTOCOL | the peer's answer is not what its protocol allows |
 * | VM_REFUSED | authentication or host key refused |
 * | VM_STALE | the epoch of the call is older than the host's |
 * | VM_TIMEOUT | no answer in time: the effect is unknown |
 * | VM_UNSUPPORTED | an ability, flag or transport that this driver or host lacks |
 */
export type VmErrorCode =
  | 'VM_ABORTED'
  | 'VM_BUSY'
  | 'VM_CONNECTION'
  | 'VM_EXISTS'
  | 'VM_IN_DOUBT'
  | 'VM_INVALID'
  | 'VM_LOST'
  | 'VM_NOT_FOUND'
  | 'VM_PHASE_FAILED'
  | 'VM_PROTOCOL'
  | 'VM_REFUSED'
  | 'VM_STALE'
  | 'VM_TIMEOUT'
  | 'VM_UNSUPPORTED'
  | (string & {})

/** What the guest is doing on each side at the moment of the report. `none`: no copy there. */
export interface GuestStates {
  readonly source: GuestState
  readonly target: GuestState
}

/** One side's copy of a guest, in the words of error reports. */
export type GuestState = 'running' | 'paused' | 'stopped' | 'none' | 'unknown'

/** Somebody's own words about a failure: a host's stderr, a hypervisor's error text. Never parsed, always kept. */
export interface Cause {
  /** Who said it: a host's name, `controller`, or a side (`source`, `target`). */
  readonly host: string
  /** The words, unchanged apart from secrets. */
  readonly words: string
}

/** What an error carries beside its message. All members are plain data, so an error survives `JSON.stringify`. */
export interface VmErrorDetails {
  /** The phase in which it happened; absent outside a migration. */
  readonly phase?: Phase
  /** The host it happened on or towards, as the user named it. */
  readonly host?: string
  /** How the migration ended, when it did: `rolledBack`, `inDoubt` or `lost`. */
  readonly outcome?: string
  /** The state of the guest on both sides at the time of the report. */
  readonly guest?: GuestStates
  /** With VM_STALE: the epoch that the host holds. */
  readonly epoch?: number
  /** What to do next, as a sentence or a command. */
  readonly remedy?: string
  /** Figures of the migration that failed; set by core. */
  readonly report?: unknown
  /** Both hosts' own words, most telling first. */
  readonly causes?: readonly Cause[]
  /** The error or reason underneath, for a debugger; it is not part of the JSON form. */
  readonly cause?: unknown
}

/** The one error type of vmferry. Recognise it by {@link isVmError}, never by `instanceof`: two copies of core may be loaded. */
export interface VmError extends Error, Omit<VmErrorDetails, 'cause' | 'causes'> {
  readonly kind: 'vmferry.error'
  readonly code: VmErrorCode
  readonly causes: readonly Cause[]
}

/**
 * Makes a {@link VmError}.
 *
 * @param code one of {@link VmErrorCode}
 * @param message one sentence: what failed and where; the remedy goes into `details.remedy`
 */
export function vmError(code: VmErrorCode, message: string, details: VmErrorDetails = {}): VmError {
  const { cause, causes = [], ...rest } = details
  const error = new Error(message, cause === undefined ? undefined : { cause })
  error.name = code === 'VM_ABORTED' ? 'AbortError' : 'VmError'
  return Object.assign(error, { kind: 'vmferry.error' as const, code, ...rest, causes })
}

/** The same error, told once more by somebody who knows more: `changes` replace or add details. */
export function restated(error: VmError, changes: VmErrorDetails): VmError {
  const { code, message, phase, host, outcome, guest, epoch, remedy, report, causes, cause } = error
  return vmError(code, message, {
    ...(phase && { phase }),
    ...(host && { host }),
    ...(outcome && { outcome }),
    ...(guest && { guest }),
    ...(epoch !== undefined && { epoch }),
    ...(remedy && { remedy }),
    ...(report !== undefined && { report }),
    causes,
    cause,
    ...changes,
  })
}

/** Tells whether `value` is a {@link VmError}, made by whatever copy of core, and optionally of the given code. */
export function isVmError(value: unknown, code?: VmErrorCode): value is VmError {
  if (typeof value !== 'object' || value === null) return false
  const candidate = value as Partial<VmError>
  return candidate.kind === 'vmferry.error' && (code === undefined || candidate.code === code)
}

/**
 * The error for a guest that is not any more what its check found: `begin` or `perform` refuses it.
 *
 * @param host where the guest is
 * @param changed what is different, as far as that can be told
 */
export function changedSinceCheck(domain: string, host: string, changed: readonly string[] = []): VmError {
  const message = `'${domain}' on ${host} is not what it was when it was checked`
  const remedy = 'migrate it again'
  return vmError('VM_PHASE_FAILED', [message, changed.join(', ')].filter(Boolean).join(': '), {
    host,
    remedy,
  })
}

/**
 * The error for a signal that has fired: the signal's reason if that is a {@link VmError} already, otherwise a
 * VM_ABORTED whose cause is the reason.
 */
export function abortError(signal: AbortSignal, what = 'the call'): VmError {
  const reason: unknown = signal.reason
  if (isVmError(reason)) return reason
  return vmError('VM_ABORTED', `${what} was aborted${reason instanceof Error ? `: ${reason.message}` : ''}`, {
    cause: reason,
  })
}

/** What is waited for, unless the signal fires before: then its error. The work goes on, and is not waited for. */
export async function unlessAborted<T>(waiting: Promise<T>, signal: AbortSignal, what?: string): Promise<T> {
  let stop = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal, what))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  return Promise.race([waiting, aborted]).finally(() => signal.removeEventListener('abort', stop))
}
