import type { Clock, Logger, Random } from '../driver/index.ts'
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
}
