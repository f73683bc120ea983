import { capabilitiesToXml } from './capabilities-xml.ts'
import { vmError } from './driver/index.ts'
import type { Connection } from './ferry/connection.ts'
import type { Domain } from './ferry/domain.ts'

/** The guest keeps running while it is copied: bit 0 of `flags`, as libvirt's VIR_MIGRATE_LIVE. */
export const VIR_MIGRATE_LIVE = 1

/**
 * The call that was proposed for libvirt in 2007, to the letter. Every rule is checked before any side effect.
 *
 * @param dom the domain, on its source connection
 * @param dconn a connection to the destination host, made by the same ferry
 * @param flags 0 or {@link VIR_MIGRATE_LIVE}; any other bit is VM_INVALID
 * @param dname the name at the destination; null keeps it. VM_UNSUPPORTED if the driver cannot rename
 * @param uri null: the driver picks the best way; or a hostname or IP **as seen from the source**; or a URI with
 *   transport, user, host, port. A transport that the driver lacks: VM_UNSUPPORTED, naming those that it has
 * @param resource bandwidth limit in Mbps (10^6 bit/s), a non-negative integer; 0: a suitable default, never an error.
 *   VM_UNSUPPORTED if it is not 0 and the driver cannot limit
 * @returns the new domain at the destination; rejects with a VmError, never a half-truth
 */
export async function virDomainMigrate(
  dom: Domain,
  dconn: Connection,
  flags: number,
  dname: string | null,
  uri: string | null,
  resource: number,
): Promise<Domain> {
  if (
    !Number.isSafeInteger(flags) ||
    flags < 0 ||
    (flags & ~VIR_MIGRATE_LIVE) !== 0 ||
    flags > VIR_MIGRATE_LIVE
  )
    throw vmError(
      'VM_INVALID',
      `unknown flags ${flags}: the only flag is VIR_MIGRATE_LIVE (${VIR_MIGRATE_LIVE})`,
    )
  if (!Number.isSafeInteger(resource) || resource < 0)
    throw vmError('VM_INVALID', `a resource of ${resource}: it takes a non-negative integer, in Mbps`)
  const migration = dom.migrate(dconn, {
    live: (flags & VIR_MIGRATE_LIVE) !== 0,
    bandwidth: resource,
    ...(dname !== null && { rename: dname }),
    ...(uri !== null && { uri }),
  })
  return migration.done
}

/** The capabilities of a connection's driver, as XML: `live`, `resource`, `domain_rename` and `uri_transports`. */
export function virConnectGetCapabilities(conn: Connection): string {
  return capabilitiesToXml(conn.capabilities)
}
