import type {
  Clock,
  DriverConnection,
  EffectOptions,
  Incoming,
  MigrationId,
  MigrationRequest,
  Offer,
  Outgoing,
  Performed,
  Phase,
  Progress,
  RecalledSource,
  RecalledTarget,
} from '../driver/index.ts'
import type { Epochs, Journal, JournalEntry, JournalStep } from '../ferry/journal.ts'
import { type CallLoan, callDriver } from './driver-call.ts'
import type { EventLog } from './event-log.ts'
import type { Limits } from './limits.ts'
import type { Pending } from './outcome.ts'
import { tracePhase } from './trace.ts'

/** One end of a running migration. The connection may be replaced when it breaks. */
export interface Side {
  readonly host: string
  connection(): DriverConnection
  /** A new connection in the place of one that broke. */
  reconnect(): Promise<DriverConnection>
}

/** What is known so far: written by the straight line, read by what follows a failure and by the report. */
export interface Progressed {
  phase: Phase
  /** The epochs under which effects are asked for. */
  epochs: Epochs
  /** The epochs that the hosts held when they were looked at; null: they did not tell. */
  held: Epochs
  begun: boolean
  prepared: boolean
  committing: boolean
  /** What is known of it is from a journal, and not from a host's record alone. */
  journalled: boolean
  postCopy: boolean
  settled: boolean
  offer: Offer | null
  transport: string | null
  why: string | null
  outgoing: Outgoing | RecalledSource | null
  incoming: Incoming | RecalledTarget | null
  performed: Performed | null
  startedAt: number
  performingAt: number | null
  performedAt: number | null
  stoppedAt: number | null
  bytes: number
  rounds: number
  downtimeMs: number | null
  readonly pending: Pending[]
}

/** One migration, as the parts of core that carry it out see it. */
export interface Run {
  readonly id: MigrationId
  readonly domain: string
  readonly driver: string
  readonly request: MigrationRequest
  readonly source: Side
  readonly target: Side
  readonly clock: Clock
  /** What tells this run's epochs from all others: less than 2^20. */
  readonly mark: number
  readonly limits: Limits
  readonly log: EventLog
  readonly journal: Journal
  /** Fires when the user cancels. */
  readonly cancelled: AbortSignal
  /** The controller that began it is another one, which may still live. */
  readonly takenOver: boolean
  readonly at: Progressed
}

/** How one call of a run is made. */
export interface Step {
  readonly phase: Phase
  readonly limit: number | null
  /** False: the user must not interrupt it. Default true. */
  readonly mayCancel?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (event: Progress) => void
}

/** Calls one side's driver within a run. */
export function ask<T>(
  run: Run,
  side: 'source' | 'target',
  step: Step,
  call: (options: EffectOptions) => Promise<T>,
): Promise<T> {
  const loan: CallLoan = {
    migration: run.id,
    epoch: run.at.epochs[side] ?? 0,
    permit: () => permitPostCopy(run),
    ...(step.onProgress && { onProgress: step.onProgress }),
  }
  // once post-copy is permitted there is no way back
  const mayCancel = step.mayCancel !== false && !run.at.postCopy
  const signal = step.signal ?? (mayCancel ? run.cancelled : undefined)
  const { phase, limit } = step
  const place = { phase, limit, host: run[side].host, grace: run.limits.grace, ...(signal && { signal }) }
  return callDriver(run.clock, place, loan, call)
}

/** Runs one phase between its two events. */
export async function inPhase<T>(run: Run, phase: Phase, work: () => Promise<T>): Promise<T> {
  run.at.phase = phase
  const from = run.clock.monotonic()
  run.log.emit({ type: 'phase-start', phase })
  try {
    return await tracePhase(run, phase, work)
  } finally {
    run.log.emit({ type: 'phase-end', phase, ms: Math.round(run.clock.monotonic() - from) })
  }
}

/** Writes down what comes next, before it happens. */
export function note(run: Run, step: JournalStep, more: Partial<JournalEntry> = {}): Promise<void> {
  const { id, domain, clock } = run
  const at = new Date(clock.now()).toISOString()
  return run.journal.append({ migration: id, at, step, domain, ...more })
}

async function permitPostCopy(run: Run): Promise<void> {
  run.cancelled.throwIfAborted()
  run.at.postCopy = true
  try {
    await note(run, 'postcopy')
  } catch (error) {
    // what is not on file must not happen, and the driver is told that it may not
    run.at.postCopy = false
    throw error
  }
}
