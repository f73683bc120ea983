import { type Capabilities, vmError } from '../driver/index.ts'
import type { Domain } from '../ferry/domain.ts'
import type { EventLog } from './event-log.ts'
import type { MigrationEvent } from './events.ts'
import type { TuneOptions } from './options.ts'
import type { Report } from './outcome.ts'

/**
 * A migration that has been started. It can be awaited like a promise for the domain at its destination, and iterated
 * for its events: each reader gets all of them from the first on, `break` ends only that reader, and iteration never
 * throws. `C` is the manifest of the target's driver.
 */
export interface Migration<out C extends Capabilities = Capabilities>
  extends PromiseLike<Domain<C>>,
    AsyncIterable<MigrationEvent>,
    AsyncDisposable {
  readonly id: string
  /** The domain at its destination, or a VmError with `outcome`, `guest` and `report`. */
  readonly done: Promise<Domain<C>>
  /** The figures, once it is settled. */
  readonly report: Report | null
  /**
   * Stops the migration and resolves when it is settled; a second call waits for the same. After the commit it is too
   * late: it rejects with VM_INVALID, and the migration goes on.
   */
  cancel(reason?: string): Promise<void>
  /**
   * Changes limits while the guest is copied. VM_INVALID at another time or for a value that is none, VM_UNSUPPORTED if
   * the driver cannot.
   */
  tune(change: TuneOptions): Promise<void>
  /** Before the commit cancels and waits; after it waits. */
  [Symbol.asyncDispose](): Promise<void>
}

/** What the handle stands on. */
export interface MigrationParts {
  readonly id: string
  readonly log: EventLog
  readonly done: Promise<Domain>
  readonly report: () => Report | null
  readonly cancel: (reason: string) => void
  readonly tune: (change: TuneOptions) => Promise<void>
}

/** The application's face of a migration. Nothing here ever becomes an unhandled rejection. */
export function migrationHandle({ id, log, done, report, cancel, tune }: MigrationParts): Migration {
  const settled = done.then(
    () => {},
    () => {},
  )
  const migration: Migration = {
    id,
    done,
    get report() {
      return report()
    },
    async cancel(reason = 'cancelled') {
      cancel(reason)
      await settled
    },
    tune,
    // oxlint-disable-next-line unicorn/no-thenable -- a migration can be awaited like the promise of its domain
    then: (onFulfilled, onRejected) => done.then(onFulfilled, onRejected),
    [Symbol.asyncIterator]: () => log[Symbol.asyncIterator](),
    async [Symbol.asyncDispose]() {
      await migration.cancel('disposed of').catch(() => {})
      await settled
    },
  }
  return migration
}

/** A migration that was refused before any host was touched: it is over as it begins. */
export function refusedMigration(
  parts: Pick<MigrationParts, 'id' | 'log'>,
  error: Error,
  report: Report,
): Migration {
  const done = Promise.reject<Domain>(error)
  done.catch(() => {})
  const tune = async (): Promise<void> => {
    throw vmError('VM_INVALID', 'nothing to tune: the migration was refused')
  }
  return migrationHandle({ ...parts, done, report: () => report, cancel: () => {}, tune })
}
