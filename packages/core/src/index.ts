/**
 * vmferry's core: connects to hypervisors through drivers and moves domains between them.
 *
 * @packageDocumentation
 */

export * from './driver/index.ts'
export { bytesPerSecondFromMbps, mbpsFromBytesPerSecond } from './edge/bandwidth.ts'
export { checkHostName, checkName, checkUser } from './edge/names.ts'
export { formatConnectionUri, parseConnectionUri, parseMigrationUri } from './edge/uri.ts'
export type { Connection } from './ferry/connection.ts'
export type { Domain } from './ferry/domain.ts'
export { createFerry, type Ferry, type FerryOptions } from './ferry/ferry.ts'
export {
  type Epochs,
  type Journal,
  type JournalEntry,
  type JournalStep,
  memoryJournal,
  type NewJournalEntry,
} from './ferry/journal.ts'
export { type LazyDriver, lazy } from './ferry/registry.ts'
export { systemClock, systemRandom } from './ferry/system-clock.ts'
export { DRIVER, HOST_PROVIDER } from './ferry/tokens.ts'
export type { AnyDriver, Lacking, ManifestAt, Manifests, OnHost, Wishes } from './ferry/wish.ts'
export { type Action, type ClaimsView, decide, FINISH_TRIES, type JournalView } from './migration/decide.ts'
export { type ErrorData, errorData } from './migration/error-data.ts'
export type * from './migration/events.ts'
export type { Forecast } from './migration/forecast.ts'
export type { Limits } from './migration/limits.ts'
export type { Migration } from './migration/migration.ts'
export type { MigrateOptions, TuneOptions } from './migration/options.ts'
export type { Outcome, Pending, Report } from './migration/outcome.ts'
export type { Plan } from './migration/plan.ts'
export type { RecoverOptions, Recovery } from './migration/recover.ts'
