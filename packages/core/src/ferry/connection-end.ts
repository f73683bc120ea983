import type { ConnectionUri, DriverConnection } from '../driver/index.ts'
import type { Connection } from './connection.ts'

/** What the rest of core needs of a connection: the driver's side of it, which may be replaced when it breaks. */
export interface ConnectionEnd {
  readonly uri: ConnectionUri
  readonly handle: Connection
  current(): DriverConnection
  /** Connects anew in the place of a connection that broke. */
  renew(): Promise<DriverConnection>
  /** Remembers work that `close` must wait for. */
  busyWith(work: PromiseLike<unknown>): void
}
