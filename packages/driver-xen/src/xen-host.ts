import type { Clock, ConnectionUri, HostChannel, Logger, Random } from '@vmferry/core/driver'
import type { Fences } from '@vmferry/fence'

/** A host with its Xen guests, as the parts of this driver share it. */
export interface XenHost {
  readonly uri: ConnectionUri
  readonly host: HostChannel
  /** Where the records of migrations are. */
  readonly runDirectory: string
  /** Those of its guests. */
  readonly fences: Fences
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Milliseconds without a sign of life from the controller after which a copy is cancelled at the source. */
  readonly deadManLimit: number
}
