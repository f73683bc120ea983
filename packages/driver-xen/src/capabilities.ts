import { defineCapabilities, type Manifest } from '@vmferry/core/driver'

const ABILITIES = {
  live: true,
  resource: true,
  domainRename: true,
  uriTransports: ['ssh', 'relay', 'tcp'],
  streams: ['xl'],
  handover: 'phased',
  fencing: 'host',
  abortableUntil: 'hand-over',
  progress: 'bytes',
  features: { startPaused: true },
} as const

/** All that this driver can ever do. What one host lacks is a finding of the check, not a gap here. */
export const XEN_CAPABILITIES: Manifest<typeof ABILITIES> = defineCapabilities(ABILITIES)
