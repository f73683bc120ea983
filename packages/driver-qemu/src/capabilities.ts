import { type Capabilities, defineCapabilities } from '@vmferry/core/driver'

/** All that this driver can ever do. What one host lacks is a finding of the check, not a gap here. */
export const QEMU_CAPABILITIES: Capabilities & {
  readonly live: true
  readonly resource: true
  readonly domainRename: true
} = defineCapabilities({
  live: true,
  resource: true,
  domainRename: true,
  uriTransports: ['unix', 'ssh', 'tcp'],
  streams: ['qemu'],
  handover: 'phased',
  fencing: 'none',
  abortableUntil: 'hand-over',
  progress: 'bytes',
  pausedGuests: true,
  features: { autoConverge: true, maxDowntime: true, startPaused: true },
})
