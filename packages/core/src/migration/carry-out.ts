import { abortError, isVmError, type VmError, vmError } from '../driver/index.ts'
import type { Domain } from '../ferry/domain.ts'
import { migrateDirectly } from './direct-line.ts'
import { errorData } from './error-data.ts'
import type { MigrationComplete } from './events.ts'
import { migrateByPhases } from './line.ts'
import { type Migration, migrationHandle } from './migration.ts'
import { tuningFrom } from './negotiate.ts'
import type { TuneOptions } from './options.ts'
import type { Outcome, Report } from './outcome.ts'
import { ask, note, type Run } from './run.ts'
import { settle } from './settle.ts'
import { traceEnd, traceStart } from './trace.ts'
import type { Settled } from './verdict.ts'

/** Starts a migration at once. `arrived` makes the domain at its destination; `canceller` fires `run.cancelled`. */
export function startMigration(run: Run, arrived: () => Domain, canceller: AbortController): Migration {
  let report: Report | null = null
  const conclude = async (): Promise<Domain> => {
    traceStart(run)
    const { outcome, error } = await outcomeOf(run)
    await note(run, 'settled', { outcome, pending: run.at.pending.length }).catch(() => {})
    run.at.settled = true
    report = reportOf(run)
    emitComplete(run, outcome, error, report)
    if (error) throw Object.assign(error, { report })
    return arrived()
  }
  const done = conclude()
  done.catch(() => {})
  return migrationHandle({
    id: run.id,
    log: run.log,
    done,
    report: () => report,
    cancel: (reason) => cancel(run, canceller, reason),
    tune: (change) => tune(run, change),
  })
}

function cancel(run: Run, canceller: AbortController, reason: string): void {
  const { committing, postCopy, settled, phase } = run.at
  if (committing || postCopy) {
    const remedy = 'wait until it has finished, then migrate back'
    const message = `too late to cancel: ${run.domain} has been handed to ${run.target.host}, finishing`
    throw vmError('VM_INVALID', message, { phase, remedy })
  }
  if (!settled)
    canceller.abort(vmError('VM_ABORTED', `the migration of ${run.domain} was cancelled: ${reason}`))
}

async function tune(run: Run, change: TuneOptions): Promise<void> {
  const { outgoing, phase, settled } = run.at
  if (phase !== 'perform' || settled || !outgoing || !('perform' in outgoing))
    throw vmError('VM_INVALID', `nothing to tune: the guest is not being copied (phase ${phase})`)
  if (!outgoing.tune)
    throw vmError('VM_UNSUPPORTED', `the driver ${run.driver} cannot change a running migration`)
  const tuning = tuningFrom(change, run.source.connection())
  const step = { phase: 'perform' as const, limit: run.limits.begin }
  await ask(run, 'source', step, async (call) => outgoing.tune?.(tuning, call))
}

async function outcomeOf(run: Run): Promise<Settled> {
  try {
    const direct = run.source.connection().capabilities.handover === 'direct'
    if (direct) return await migrateDirectly(run)
    await migrateByPhases(run)
    return { outcome: 'migrated', error: null }
  } catch (error) {
    return safelySettled(run, asVmError(error))
  }
}

/** Whatever goes wrong while settling, the user is told a truth: then nothing is certain. */
async function safelySettled(run: Run, failure: VmError): Promise<Settled> {
  try {
    return await settle(run, failure)
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    const message = `settling the migration of ${run.domain} failed: ${words}; before that: ${failure.message}`
    const guest = { source: 'unknown', target: 'unknown' } as const
    const remedy = `vmferry list ${run.request.source.uri.text}; vmferry list ${run.request.target.uri.text}`
    const details = {
      outcome: 'inDoubt',
      guest,
      remedy,
      phase: run.at.phase,
      host: run.source.host,
      cause: error,
    }
    return { outcome: 'inDoubt', error: vmError('VM_IN_DOUBT', message, details) }
  }
}

function asVmError(error: unknown): VmError {
  if (isVmError(error)) return error
  if (error instanceof Error && error.name === 'AbortError')
    return abortError(AbortSignal.abort(error), 'the migration')
  const words = error instanceof Error ? error.message : String(error)
  return vmError('VM_PROTOCOL', words, { cause: error })
}

function emitComplete(run: Run, outcome: Outcome, error: VmError | null, report: Report): void {
  const { driver, domain, request, log } = run
  const inCharge = { migrated: request.rename ?? domain, rolledBack: domain, inDoubt: null, lost: null }[
    outcome
  ]
  const complete: MigrationComplete = {
    type: 'migration-complete',
    outcome,
    driver,
    ...(inCharge !== null && { domain: inCharge }),
    report,
    ...(error && { error: errorData(error) }),
  }
  log.emit(complete)
  log.end()
  traceEnd(run, complete)
}

function reportOf({ at, clock }: Run): Report {
  const since = (from: number | null, to: number | null): number | null =>
    from === null || to === null ? null : Math.round(to - from)
  const performMs = since(at.performingAt, at.performedAt)
  // what post-copy brought after perform counts too
  const bytes = Math.max(at.performed?.bytes ?? 0, at.bytes) || (at.performed?.bytes ?? null)
  return {
    totalMs: Math.round(clock.monotonic() - at.startedAt),
    setupMs: since(at.startedAt, at.performingAt),
    rounds: at.performed?.rounds ?? (at.rounds || null),
    bytes,
    bytesPerSecond: bytes !== null && performMs ? Math.round((bytes * 1000) / performMs) : null,
    downtimeMs: at.downtimeMs,
    hypervisorDowntimeMs: at.performed?.hypervisorDowntimeMs ?? null,
    transport: at.transport,
    why: at.why,
    pending: at.pending,
  }
}
