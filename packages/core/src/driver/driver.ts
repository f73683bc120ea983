import type { CallOptions } from './call.ts'
import type { Capabilities } from './capabilities.ts'
import type { Clock, Random } from './clock.ts'
import type { DriverConnection } from './connection.ts'
import type { ConnectionUri } from './connection-uri.ts'
import type { HostChannel } from './host.ts'
import type { Logger } from './logger.ts'

/** The number of this contract. Core refuses a driver with a number that it does not know, naming both. */
export const CONTRACT = 1

/**
 * A hypervisor driver: a plain object, made by a factory that the package exports under its own name and as `driver`.
 * `N` and `C` keep the literal types of name and manifest, so that the type system knows what can be asked for.
 */
export interface Driver<N extends string = string, C extends Capabilities = Capabilities> {
  readonly contract: typeof CONTRACT
  /** First half of the connection URI's scheme: `qemu` serves `qemu:` and `qemu+ssh:`. Lower-case letters and digits. */
  readonly name: N
  /** All that it can ever do. The same object every time. */
  readonly capabilities: C
  /**
   * Connects to the host that `uri` names. Rejects with VM_INVALID (a path or parameter that it does not know), or with
   * what `context.openHost` rejects with. A host without the hypervisor still connects: `hypervisor` is null.
   */
  connect(uri: ConnectionUri, context: DriverContext, call: CallOptions): Promise<DriverConnection>
}

/** What core lends to a driver connection. */
export interface DriverContext {
  /**
   * Opens the host of the connection's URI; a driver of a REST hypervisor never asks. The driver closes it with its
   * connection.
   */
  openHost(call: CallOptions): Promise<HostChannel>
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
}
