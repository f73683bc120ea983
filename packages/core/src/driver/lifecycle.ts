import type { CallOptions } from './call.ts'
import type { DriverDomain } from './domain.ts'

/** Starting and stopping domains, where the driver can. */
export interface Lifecycle {
  /**
   * Starts a domain from what follows `--` on the command line: the hypervisor's own arguments, to which the driver adds
   * what it needs. Rejects with VM_EXISTS (name taken), VM_INVALID (an argument that the driver must set itself),
   * VM_PHASE_FAILED with the hypervisor's words.
   */
  start(name: string, commandLine: readonly string[], call: CallOptions): Promise<DriverDomain>
  /** Ends the domain. Without `force` the guest is asked to power off and given a bounded time, then VM_TIMEOUT. */
  stop(name: string, options: StopOptions, call: CallOptions): Promise<void>
}

/** How to stop a domain. */
export interface StopOptions {
  /** End it at once, as if the power were cut. */
  readonly force: boolean
}
