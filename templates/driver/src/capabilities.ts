import { defineCapabilities, type Manifest } from '@vmferry/core/driver'

/**
 * Say only what the code obeys: vmferry refuses the rest before the driver is asked. The first words to add are
 * `streams: ['acme']`, the wire format of a migration, and `uriTransports`; with them the kit asks for the phases.
 */
const ABILITIES = {} as const

/** All that this driver can ever do. */
export const ACME_CAPABILITIES: Manifest<typeof ABILITIES> = defineCapabilities(ABILITIES)
