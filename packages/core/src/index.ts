/**
 * vmferry's core: connects to hypervisors through drivers and moves domains between them.
 *
 * @packageDocumentation
 */
export { bytesPerSecondFromMbps, mbpsFromBytesPerSecond } from './bandwidth.ts'
export type { Connection } from './connection.ts'
export { type Action, type ClaimsView, decide, FINISH_TRIES, type JournalView } from './decide.ts'
export type { Domain } from './domain.ts'
export * from './driver/index.ts'
export { type ErrorData, errorData } from './error-data.ts'
export type * from './events.ts'
export { createFerry, type Ferry, type FerryOptions } from './ferry.ts'
export { type Journal, type JournalEntry, type JournalStep, memoryJournal } from './journal.ts'
export type { Limits } from './limits.ts'
export type { Migration } from './migration.ts'
export { checkHostName, checkName, checkUser } from './names.ts'
export type { MigrateOptions } from './options.ts'
export type { Outcome, Pending, Report } from './outcome.ts'
export type { Plan } from './plan.ts'
export { type LazyDriver, lazy } from './registry.ts'
export { systemClock, systemRandom } from './system-clock.ts'
export { DRIVER, HOST_PROVIDER } from './tokens.ts'
export { formatConnectionUri, parseConnectionUri, parseMigrationUri } from './uri.ts'
