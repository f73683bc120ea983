import { defineCapabilities, type Manifest } from '@vmferry/core/driver'

const ABILITIES = {
  live: true,
  streams: ['rest'],
  handover: 'direct',
  progress: 'coarse',
} as const

/** All that this driver can ever do: the cluster takes no limit, no other name and no way that somebody asks for. */
export const REST_CAPABILITIES: Manifest<typeof ABILITIES> = defineCapabilities(ABILITIES)
