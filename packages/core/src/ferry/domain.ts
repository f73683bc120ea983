import type { DriverDomain } from '../driver/index.ts'
import type { Migration } from '../migration/migration.ts'
import type { MigrateOptions } from '../migration/options.ts'
import type { Plan } from '../migration/plan.ts'
import type { Connection } from './connection.ts'

/** A domain on a connection, as it was seen when it was looked up. */
export interface Domain extends DriverDomain {
  readonly connection: Connection
  /**
   * What a migration would do: all blockers and warnings at once, the way chosen and why. No side effect, the same path
   * as `migrate`. Rejects like `migrate` for a wish that is malformed or that an end lacks.
   */
  plan(target: Connection, options?: MigrateOptions): Promise<Plan>
  /** Starts the migration at once and returns its handle. Never throws: a refusal is the handle's rejection. */
  migrate(target: Connection, options?: MigrateOptions): Migration
}
