import { type Capabilities, defineCapabilities, type Manifest, vmError } from '@vmferry/core/driver'

const ABILITIES = {
  live: true,
  resource: true,
  domainRename: true,
  uriTransports: ['memory', 'ssh', 'tcp'],
  streams: ['vmferry-test'],
  handover: 'phased',
  fencing: 'host',
  abortableUntil: 'hand-over',
  progress: 'bytes',
  pausedGuests: true,
  features: { maxDowntime: true, startPaused: true },
} as const

/** All that this driver can ever do. `?without=` narrows it for one connection, a world never does. */
export const TEST_CAPABILITIES: Manifest<typeof ABILITIES> = defineCapabilities(ABILITIES)

/** The wire format of every migration in a world. */
export const STREAM = 'vmferry-test'

/**
 * The manifest of a lesser hypervisor: each ability in `without` falls back to the contract's default. VM_INVALID for a
 * name that is no member of `Capabilities`.
 */
export function narrowed(without: readonly string[]): Capabilities {
  const none = defineCapabilities({})
  const unknown = without.find((name) => !Object.hasOwn(none, name))
  if (unknown !== undefined) {
    throw vmError('VM_INVALID', `without=${unknown}: there is no ability of that name`, {
      remedy: `the abilities are ${Object.keys(none).join(', ')}`,
    })
  }
  const fallen = Object.entries(none).filter(([name]) => without.includes(name))
  return defineCapabilities({ ...TEST_CAPABILITIES, ...Object.fromEntries(fallen) })
}
