import type { AdoptOptions, Capabilities, MigrationId, StopOptions } from '../driver/index.ts'
import type { RecoverOptions, Recovery } from '../migration/recover.ts'
import type { Domain } from './domain.ts'
import type { OnHost } from './wish.ts'

/**
 * An open connection to one host, for applications. `C` is the manifest of its driver; without it nothing is known
 * before run time.
 */
export interface Connection<out C extends Capabilities = Capabilities> extends AsyncDisposable {
  /** The connection URI, as it was given. */
  readonly uri: string
  /** The driver's name. */
  readonly driver: string
  /** The manifest, narrowed by what this host cannot do. */
  readonly capabilities: OnHost<C>
  /** Name and version of the hypervisor there; null if none is installed. */
  readonly hypervisor: string | null
  domains(): Promise<readonly Domain<C>[]>
  /** Rejects with VM_NOT_FOUND, or VM_INVALID for a name that cannot be one. */
  domain(name: string): Promise<Domain<C>>
  /** Starts a domain from the hypervisor's own command line; VM_UNSUPPORTED if the driver cannot. */
  start(name: string, commandLine: readonly string[]): Promise<Domain<C>>
  /**
   * Takes over a domain that runs and that somebody else started; VM_UNSUPPORTED if the driver cannot, VM_PHASE_FAILED with
   * all that differs if it is no longer what it was started as.
   */
  adopt(name: string, options: AdoptOptions): Promise<Domain<C>>
  /** Ends a domain; without `force` the guest is asked to power off. */
  stop(name: string, options?: Partial<StopOptions>): Promise<void>
  /**
   * Takes over what this host has on file and no end of, as `ferry.recover` does from the journal: for a controller that
   * never heard of it. Of a migration that only hosts know nobody can say how far its controller had come, so what could
   * have been committed is brought forward. VM_NOT_FOUND for an id that the host does not have open.
   */
  recover(id?: MigrationId, options?: RecoverOptions): Promise<readonly Recovery[]>
  /** Waits for the migrations of this connection to settle, then closes it. Idempotent. */
  close(): Promise<void>
}
