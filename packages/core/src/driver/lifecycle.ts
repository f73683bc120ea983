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
  /**
   * Takes over a domain that runs and that somebody else started, so that from then on it is one like any other; absent if
   * the driver cannot. One that fails leaves the domain as it was, and nothing of its own. Rejects with VM_EXISTS (name or
   * uuid taken), VM_BUSY (somebody else has what `options` names), VM_CONNECTION (nothing is there), VM_PHASE_FAILED (it is
   * no longer what it was started as: all that differs), VM_UNSUPPORTED (the host lacks a program).
   */
  adopt?(name: string, options: AdoptOptions, call: CallOptions): Promise<DriverDomain>
  /** Ends the domain. Without `force` the guest is asked to power off and given a bounded time, then VM_TIMEOUT. */
  stop(name: string, options: StopOptions, call: CallOptions): Promise<void>
}

/** Where a domain that runs is found. */
export interface AdoptOptions {
  /** Absolute path, on the host, of the UNIX socket on which its hypervisor takes commands. */
  readonly qmp: string
}

/** How to stop a domain. */
export interface StopOptions {
  /** End it at once, as if the power were cut. */
  readonly force: boolean
}
