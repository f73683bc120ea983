import type { Capabilities, DriverDomain } from '../driver/index.ts'
import type { Migration } from '../migration/migration.ts'
import type { Plan } from '../migration/plan.ts'
import type { Connection } from './connection.ts'
import type { Wishes } from './wish.ts'

/**
 * A domain on a connection, as it was seen when it was looked up. `C` is the manifest of its driver: a wish that it or
 * the target's denies does not compile.
 */
export interface Domain<out C extends Capabilities = Capabilities> extends DriverDomain {
  readonly connection: Connection<C>
  /**
   * What a migration would do: all blockers and warnings at once, the way chosen and why. No side effect, the same path
   * as `migrate`. Rejects like `migrate` for a wish that is malformed or that an end lacks.
   */
  plan<T extends Capabilities, const U extends string>(
    target: Connection<T>,
    options?: Wishes<C, T, U>,
  ): Promise<Plan>
  /** Starts the migration at once and returns its handle. Never throws: a refusal is the handle's rejection. */
  migrate<T extends Capabilities, const U extends string>(
    target: Connection<T>,
    options?: Wishes<C, T, U>,
  ): Migration<T>
}
