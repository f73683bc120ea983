import { type Capabilities, type MigrationRequest, vmError } from '@vmferry/core/driver'

/** VM_UNSUPPORTED for a wish that the manifest denies: a caller that did not negotiate is told, not half obeyed. */
export function refuseDenied(request: MigrationRequest, capabilities: Capabilities, host: string): void {
  const { live, resource, domainRename, uriTransports, postCopy, features } = capabilities
  const denied = [
    request.live && !live && 'a live migration',
    request.bandwidth > 0 && !resource && 'a bandwidth limit',
    request.rename !== null && !domainRename && 'a new name',
    request.uri !== null && uriTransports.length === 0 && 'a migration URI',
    request.uri?.transport &&
      !uriTransports.includes(request.uri.transport) &&
      `the transport ${request.uri.transport}`,
    request.paused && !features['startPaused'] && 'leaving the guest paused',
    request.maxDowntime !== null && !features['maxDowntime'] && 'a longest downtime',
    request.postCopy && !postCopy && 'post-copy',
    request.autoConverge && 'auto-converge',
    request.abortOnError && 'giving up at an I/O error of the guest',
    request.copyStorage && 'copying storage',
    request.connections > 1 && 'parallel connections',
  ].find((wish) => typeof wish === 'string')
  if (denied === undefined) return
  throw vmError('VM_UNSUPPORTED', `${denied}: the hypervisor of ${host} cannot do that`, {
    host,
    remedy: 'leave that option out',
  })
}
