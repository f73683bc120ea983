import { isVmError, type VmError, type VmErrorCode } from '@vmferry/core/driver'

/** Fails the case with that sentence unless it holds. */
export function ensure(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence)
}

/** The error with which a call is refused; the case fails if it is not, or not with one of the codes. */
export async function refusal(
  call: Promise<unknown>,
  what: string,
  ...codes: readonly VmErrorCode[]
): Promise<VmError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  const wanted = codes.length > 0 ? codes.join(' or ') : 'one of the documented codes'
  ensure(error !== null, `${what} is accepted; it should reject with ${wanted}`)
  ensure(isVmError(error), `${what} rejects with ${words(error)}, which is no VmError: make it by vmError()`)
  const known = codes.length === 0 ? DOCUMENTED.includes(error.code) : codes.includes(error.code)
  ensure(known, `${what} rejects with ${error.code} (${error.message}); it should be ${wanted}`)
  return error
}

/** Whether a rejection says that nothing more will happen. */
export function isFinal(error: unknown): boolean {
  return isVmError(error, 'VM_PHASE_FAILED') || isVmError(error, 'VM_ABORTED')
}

/** Somebody's error in words. */
export function words(error: unknown): string {
  if (isVmError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

const DOCUMENTED: readonly VmErrorCode[] = [
  'VM_ABORTED',
  'VM_BUSY',
  'VM_CONNECTION',
  'VM_EXISTS',
  'VM_INVALID',
  'VM_NOT_FOUND',
  'VM_PHASE_FAILED',
  'VM_PROTOCOL',
  'VM_REFUSED',
  'VM_STALE',
  'VM_TIMEOUT',
  'VM_UNSUPPORTED',
]
