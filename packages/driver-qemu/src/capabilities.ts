import { defineCapabilities, type Manifest } from '@vmferry/core/driver'

const ABILITIES = {
  live: true,
  resource: true,
  domainRename: true,
  uriTransports: ['unix', 'ssh', 'relay', 'tls', 'tcp'],
  streams: ['qemu'],
  handover: 'phased',
  fencing: 'host',
  abortableUntil: 'hand-over',
  progress: 'bytes',
  postCopy: true,
  pausedGuests: true,
  features: {
    abortOnError: true,
    autoConverge: true,
    copyStorage: true,
    maxDowntime: true,
    multifd: true,
    startPaused: true,
    suspend: true,
  },
} as const

/** All that this driver can ever do. What one host lacks is a finding of the check, not a gap here. */
export const QEMU_CAPABILITIES: Manifest<typeof ABILITIES> = defineCapabilities(ABILITIES)
