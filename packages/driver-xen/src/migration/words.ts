import { type HostChannel, isVmError, type VmError, vmError } from '@vmferry/core/driver'
import type { HalfFolder } from '../guest/run-directory.ts'
import { failureIn } from '../xl/failure.ts'

/** Bytes of a log that are told. */
const TAIL = 4000

/** What xl and the carrier of a half said last; empty if nothing can be read. */
export async function lastWordsOf(host: HostChannel, { carrierLog, xlLog }: HalfFolder): Promise<string> {
  const argv = ['tail', '-q', '-c', `${TAIL}`, carrierLog, xlLog]
  const said = await host.exec(argv, { signal: AbortSignal.timeout(10_000) }).catch(() => null)
  return said?.stdout.trim() ?? ''
}

/** The error of a half whose xl failed, in the words of xl; one that is no failure of xl stays as it is. */
export async function xlFailed(
  host: HostChannel,
  folder: HalfFolder,
  what: string,
  error: unknown = null,
): Promise<unknown> {
  if (error !== null && !isVmError(error, 'VM_PHASE_FAILED') && !isVmError(error, 'VM_TIMEOUT')) return error
  return failureOf(host.name, what, await lastWordsOf(host, folder), error)
}

/** Told by what is known of the words; nothing more will happen, so the code is that of a phase or of a taken name. */
export function failureOf(host: string, what: string, words: string, cause: unknown = null): VmError {
  const known = failureIn(words)
  const code = known?.code === 'VM_EXISTS' ? 'VM_EXISTS' : 'VM_PHASE_FAILED'
  return vmError(code, known ? `${what}: ${known.message}` : what, {
    host,
    causes: words === '' ? [] : [{ host, words }],
    ...(known && { remedy: known.remedy }),
    ...(cause !== null && { cause }),
  })
}
