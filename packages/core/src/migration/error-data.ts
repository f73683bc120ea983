import { type Cause, type GuestStates, isVmError, type Phase } from '../driver/index.ts'

/** An error as JSON data, as events and the command line show it. */
export interface ErrorData {
  readonly code: string
  readonly message: string
  readonly phase?: Phase
  readonly host?: string
  readonly guest?: GuestStates
  readonly remedy?: string
  readonly causes: readonly Cause[]
}

/** The data of any error; one that is not vmferry's own has the code VM_PROTOCOL. */
export function errorData(error: unknown): ErrorData {
  if (!isVmError(error)) {
    const message = error instanceof Error ? error.message : String(error)
    return { code: 'VM_PROTOCOL', message, causes: [] }
  }
  const { code, message, phase, host, guest, remedy, causes } = error
  return {
    code,
    message,
    ...(phase && { phase }),
    ...(host && { host }),
    ...(guest && { guest }),
    ...(remedy && { remedy }),
    causes,
  }
}
