import { isVmError, PHASES, type VmError, vmError } from '@vmferry/core/driver'

/** An error as JSON data. One that is not vmferry's own becomes VM_PROTOCOL. */
export function failureOf(error: unknown): object {
  if (!isVmError(error)) {
    const words = error instanceof Error ? error.message : String(error)
    return { code: 'VM_PROTOCOL', message: `the test host broke: ${words}`, causes: [] }
  }
  const { code, message, phase, host, epoch, remedy, causes } = error
  return { code, message, phase, host, epoch, remedy, causes }
}

/** The error that {@link failureOf} made data of. VM_PROTOCOL for data that is none. */
export function errorOf(failure: unknown): VmError {
  const { code, message, phase, host, epoch, remedy, causes } = (failure ?? {}) as Readonly<
    Record<string, unknown>
  >
  if (typeof code !== 'string' || typeof message !== 'string')
    return vmError('VM_PROTOCOL', 'the test host failed and did not say how')
  const known = [...PHASES, 'abort' as const].find((name) => name === phase)
  const said = (Array.isArray(causes) ? causes : []).filter(
    (cause: unknown): cause is { host: string; words: string } => {
      const { host: who, words } = (cause ?? {}) as Readonly<Record<string, unknown>>
      return typeof who === 'string' && typeof words === 'string'
    },
  )
  return vmError(code, message, {
    ...(known && { phase: known }),
    ...(typeof host === 'string' && { host }),
    ...(typeof epoch === 'number' && { epoch }),
    ...(typeof remedy === 'string' && { remedy }),
    causes: said,
  })
}
