import { type VmError, type VmErrorCode, vmError } from '@vmferry/core/driver'

/** Why a session ended, before it is put into words for one of those who wait for it. */
export interface Failure {
  readonly code: VmErrorCode
  /** Continues a sentence: "the monitor of alpha …". */
  readonly words: string
  /** The other side's own words, where there are any. */
  readonly quote?: string
  readonly remedy?: string
  readonly cause?: unknown
}

/** The error of a failed session; `what` names the call that it cut short. */
export function failureError(failure: Failure, host: string, what?: string): VmError {
  const { code, words, quote, remedy, cause } = failure
  return vmError(
    code,
    `${what === undefined ? '' : `${what} got no answer: `}the monitor of ${host} ${words}`,
    {
      host,
      causes: quote === undefined ? [] : [{ host, words: quote }],
      ...(remedy === undefined ? {} : { remedy }),
      ...(cause === undefined ? {} : { cause }),
    },
  )
}

/** The failure of a peer that does not speak QMP (any more). */
export function protocolFailure(words: string, quote?: string): Failure {
  return {
    code: 'VM_PROTOCOL',
    words,
    remedy: 'connect again and ask for the state; if it happens again, see that the socket is a -qmp monitor',
    ...(quote === undefined ? {} : { quote }),
  }
}

/** The failure of a stream that ended. */
export function connectionFailure(words: string, cause?: unknown): Failure {
  return {
    code: 'VM_CONNECTION',
    words,
    remedy: 'see whether the QEMU process lives; if it does, connect again and ask for the state',
    ...(cause instanceof Error ? { quote: cause.message, cause } : {}),
  }
}
