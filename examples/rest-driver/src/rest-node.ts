import type { Clock, ConnectionUri } from '@vmferry/core/driver'
import type { Client } from './client.ts'

/** A node of a cluster, as all parts of a connection share it. */
export interface RestNode {
  readonly uri: ConnectionUri
  readonly client: Client
  readonly clock: Clock
  readonly node: string
}
