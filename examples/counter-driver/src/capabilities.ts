import { defineCapabilities, type Manifest } from '@vmferry/core/driver'

const ABILITIES = {
  live: true,
  resource: true,
  domainRename: true,
  uriTransports: ['tcp'],
  streams: ['counter'],
  handover: 'phased',
  fencing: 'host',
  abortableUntil: 'hand-over',
  progress: 'bytes',
  pausedGuests: true,
  features: { startPaused: true },
} as const

/** All that this driver can ever do. */
export const COUNTER_CAPABILITIES: Manifest<typeof ABILITIES> = defineCapabilities(ABILITIES)

/** The wire format of the pages. */
export const STREAM = 'counter'
