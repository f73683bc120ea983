import { isVmError, type VmError, type VmErrorCode, vmError } from '@vmferry/core/driver'
import { isQmpObject, type QmpValue } from './value.ts'

/** QEMU's error classes (qapi/error.json). All but the first are rare, and new errors only ever use the first. */
export type QmpErrorClass =
  | 'GenericError'
  | 'CommandNotFound'
  | 'DeviceNotActive'
  | 'DeviceNotFound'
  | 'KVMMissingCap'
  | (string & {})

const CODES: Readonly<Record<string, VmErrorCode>> = {
  CommandNotFound: 'VM_UNSUPPORTED',
  DeviceNotFound: 'VM_NOT_FOUND',
}

const REMEDIES: Readonly<Record<string, string>> = {
  CommandNotFound:
    'ask qmpSchema().hasCommand() first: this QEMU does not offer the command, or not in this state',
  DeviceNotFound: 'name a device that query-block or qom-list shows',
}

/** The error for a monitor's `error` member, which only its class is decided by: QEMU says that `desc` is for people. */
export function qmpError(host: string, command: string, reply: QmpValue | undefined): VmError {
  const fields = isQmpObject(reply) ? reply : {}
  const qmpClass = typeof fields['class'] === 'string' ? fields['class'] : 'GenericError'
  const words = typeof fields['desc'] === 'string' ? fields['desc'] : 'no description'
  const remedy = Object.hasOwn(REMEDIES, qmpClass) ? REMEDIES[qmpClass] : undefined
  const error = vmError(
    (Object.hasOwn(CODES, qmpClass) ? CODES[qmpClass] : undefined) ?? 'VM_PHASE_FAILED',
    `QEMU on ${host} refused ${command}: ${words}`,
    { host, causes: [{ host, words }], ...(remedy === undefined ? {} : { remedy }) },
  )
  return Object.assign(error, { qmpClass })
}

/** The QMP class of an error reply; undefined for anything that is not one. */
export function qmpErrorClass(error: unknown): QmpErrorClass | undefined {
  if (!isVmError(error)) return undefined
  const { qmpClass } = error as VmError & { readonly qmpClass?: unknown }
  return typeof qmpClass === 'string' ? qmpClass : undefined
}
