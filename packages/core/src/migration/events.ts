import type { Phase } from '../driver/index.ts'
import type { ErrorData } from './error-data.ts'
import type { Outcome, Report } from './outcome.ts'

/** What every event of a migration carries. Plain JSON: the command line prints the same objects with `--json`. */
export interface EventHead {
  /** When, as an ISO 8601 time. */
  readonly at: string
  /** The migration's id. */
  readonly migration: string
  /** Counts the events of this migration from 0. */
  readonly seq: number
}

/** The way is chosen; from here on hosts are changed. */
export interface MigrationStart {
  readonly type: 'migration-start'
  /** Connection URIs. */
  readonly source: string
  readonly target: string
  readonly domain: string
  readonly driver: string
  readonly transport: string
  /** Why this transport. */
  readonly why: string
}

export interface PhaseStart {
  readonly type: 'phase-start'
  readonly phase: Phase
}

export interface PhaseEnd {
  readonly type: 'phase-end'
  readonly phase: Phase
  /** How long it took. */
  readonly ms: number
}

/** How far the copy has come. */
export interface ProgressEvent {
  readonly type: 'progress'
  /** The pass over the memory, from 1. */
  readonly round: number
  /** Sent so far; never falls. */
  readonly bytes: number
  /** Sent so far and still to send, as known now; rises when the guest dirties memory. */
  readonly totalBytes: number
  /** Over the last seconds; 0 while nothing moves. */
  readonly bytesPerSecond: number
  /** Until the switchover; null: it cannot be told, or it does not converge at this rate. */
  readonly etaMs: number | null
  /** It may take longer than `etaMs`: the hypervisor does not say yet how much the guest writes meanwhile. */
  readonly etaIsAtLeast: boolean
}

export interface WarningEvent {
  readonly type: 'warning'
  readonly code: string
  readonly message: string
}

/** The guest runs at the target. */
export interface Switchover {
  readonly type: 'switchover'
  /** From the guest's stop at the source until it was seen to run at the target, by the controller's clock. */
  readonly downtimeMs: number
}

/** Always the last event. */
export interface MigrationComplete {
  readonly type: 'migration-complete'
  readonly outcome: Outcome
  readonly driver: string
  /** The domain's name where it is now in charge; absent if it is nowhere or not known. */
  readonly domain?: string
  readonly report: Report
  readonly error?: ErrorData
}

/** The body of an event, before the log adds its head. */
export type EventBody =
  | MigrationStart
  | PhaseStart
  | PhaseEnd
  | ProgressEvent
  | WarningEvent
  | Switchover
  | MigrationComplete

/** An event of a migration. The union is open: types and fields may be added in a minor version. */
export type MigrationEvent = EventHead & EventBody
