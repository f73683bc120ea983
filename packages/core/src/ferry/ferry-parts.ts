import type { Clock, Logger, MigrationId, Random } from '../driver/index.ts'
import type { Connection } from './connection.ts'
import type { ConnectionEnd } from './connection-end.ts'
import type { Journal } from './journal.ts'

/** What the parts of one ferry share. */
export interface FerryParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly journal: Journal
  readonly ends: Map<Connection, ConnectionEnd>
  /** Opens a connection of this ferry. */
  connect(uri: string, signal: AbortSignal): Promise<ConnectionEnd>
  /** Migrations that this ferry carries out at this moment. */
  readonly running: Set<MigrationId>
}
