import type { CallOptions } from './call.ts'
import type { Capabilities } from './capabilities.ts'
import type { ConnectionUri } from './connection-uri.ts'
import type { DirectMigration } from './direct.ts'
import type { DriverDomain } from './domain.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Claim, HostRecord } from './record.ts'
import type { MigrationSource } from './source.ts'
import type { MigrationTarget } from './target.ts'

/**
 * An open connection of a driver to one host. After `close` every call rejects with VM_CONNECTION; closing twice is no
 * error. An ability that the driver lacks is a member that is missing.
 */
export interface DriverConnection extends AsyncDisposable {
  readonly uri: ConnectionUri
  /** The manifest, narrowed by what this host's hypervisor cannot do; never widened. */
  readonly capabilities: Capabilities
  /** The host's own random id, or null if it has none: two connections with equal ids lead to one host. */
  readonly hostId: string | null
  /** Name and version of the hypervisor there, for people; null if none is installed. */
  readonly hypervisor: string | null
  /** All domains that this driver looks after on the host. */
  domains(call: CallOptions): Promise<readonly DriverDomain[]>
  /** One of them; rejects with VM_NOT_FOUND. */
  domain(name: string, call: CallOptions): Promise<DriverDomain>
  /**
   * Compare-and-set on this host: the domain's epoch becomes `epoch` if that is higher than what the host holds, and
   * whoever held it is kept out as far as `fencing` says. Rejects with VM_STALE otherwise, telling by `epoch` which one
   * the host holds.
   */
  claim(domain: string, epoch: number, call: CallOptions): Promise<Claim>
  /** All migrations that this host has on file. */
  migrations(call: CallOptions): Promise<readonly HostRecord[]>
  /** Sending; absent if the driver or the host cannot. */
  readonly source?: MigrationSource
  /** Receiving; absent if the driver or the host cannot. */
  readonly target?: MigrationTarget
  /** One call instead of phases. */
  readonly direct?: DirectMigration
  readonly lifecycle?: Lifecycle
  close(): Promise<void>
}
