import type { Clock, HostChannel } from '@vmferry/core/driver'

/** A host with the hypervisor, as all parts of a connection share it. */
export interface CounterHost {
  readonly host: HostChannel
  readonly clock: Clock
  /** The hypervisor's socket on that host. */
  readonly socket: string
}
