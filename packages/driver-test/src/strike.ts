import { abortError, type VmErrorDetails, vmError } from '@vmferry/core/driver'
import type { Fault, FaultPlace } from './faults.ts'
import type { TestHost } from './test-host.ts'

/**
 * Lets the fault that is planned for this place strike. Resolves with it if it changes how the call is delivered
 * (`duplicate`, `late`), which is the caller's work; with null if the call just goes on. Rejects otherwise.
 */
export async function strikeFault(
  { world, host }: TestHost,
  place: FaultPlace,
  where: VmErrorDetails,
  signal: AbortSignal,
): Promise<Fault | null> {
  const fault = world.faults.take(place)
  if (!fault) return null
  const reject = (code: string, what: string): never => {
    throw vmError(fault.code ?? code, `${place.at} on ${host.name} ${what}`, where)
  }
  switch (fault.kind) {
    case 'fail':
      return place.when === 'after'
        ? reject('VM_CONNECTION', 'happened, then the connection broke, as planned')
        : reject('VM_PHASE_FAILED', 'failed, as planned')
    case 'hang':
      return untilAborted(signal, place.at)
    case 'lose-request':
      return reject('VM_TIMEOUT', 'was never heard of, as planned')
    case 'lose-answer':
      return reject('VM_TIMEOUT', 'gave no answer, as planned')
    case 'garbage':
      return reject('VM_PROTOCOL', 'gave an answer that cannot be read, as planned')
    case 'crash':
      if (place.domain !== null && host.guests.has(place.domain)) host.crash(place.domain)
      return null
    case 'duplicate':
    case 'late':
      return fault
  }
}

function untilAborted(signal: AbortSignal, what: string): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(abortError(signal, what))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
