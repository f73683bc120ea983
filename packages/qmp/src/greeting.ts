import type { QmpVersion } from './client.ts'
import { isQmpObject, type QmpObject, type QmpValue } from './value.ts'

/** What a monitor says first. */
export interface Greeting {
  readonly version: QmpVersion
  readonly capabilities: readonly QmpValue[]
}

/** Reads a greeting; undefined where the message is something else. */
export function readGreeting(message: QmpObject): Greeting | undefined {
  const greeting = message['QMP']
  if (!isQmpObject(greeting) || !isQmpObject(greeting['version'])) return undefined
  const { qemu, package: distribution } = greeting['version']
  if (!isQmpObject(qemu)) return undefined
  const { major, minor, micro } = qemu
  if (typeof major !== 'number' || typeof minor !== 'number' || typeof micro !== 'number') return undefined
  const capabilities = greeting['capabilities']
  return {
    version: { major, minor, micro, package: typeof distribution === 'string' ? distribution : '' },
    capabilities: Array.isArray(capabilities) ? (capabilities as readonly QmpValue[]) : [],
  }
}
