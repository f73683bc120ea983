import { type Capabilities, defineCapabilities } from '@vmferry/core/driver'

/** The manifest of a host in another process: of the transports only `tcp` leads there, and nothing asks back for post-copy. */
export function overTcp(capabilities: Capabilities): Capabilities {
  const uriTransports = capabilities.uriTransports.filter((name) => name === 'tcp')
  return defineCapabilities({ ...capabilities, uriTransports, postCopy: false })
}
