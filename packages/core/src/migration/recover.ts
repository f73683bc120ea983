import { type DirectMigration, type MigrationId, type VmError, vmError } from '../driver/index.ts'
import type { FerryParts } from '../ferry/ferry-parts.ts'
import { claimAgain } from './claim.ts'
import { settleDirectly } from './direct-line.ts'
import { lastStep } from './last-step.ts'
import { look, undoing } from './look.ts'
import type { OpenMigration } from './open-migration.ts'
import { resumedRun } from './open-run.ts'
import type { MigrateOptions } from './options.ts'
import type { Outcome, Pending } from './outcome.ts'
import { note, type Run, type Side } from './run.ts'
import { settle } from './settle.ts'
import type { Settled } from './verdict.ts'

/** What became of a migration whose controller had gone. */
export interface Recovery {
  readonly migration: MigrationId
  /** Its name at the source. */
  readonly domain: string
  /** The connection URIs of both ends. */
  readonly source: string
  readonly target: string
  readonly outcome: Outcome
  /** What is known, and what to do next, where the outcome is `inDoubt` or `lost`. */
  readonly error: VmError | null
  readonly pending: readonly Pending[]
}

/** Options of {@link import('../ferry/ferry.ts').Ferry.recover}. */
export interface RecoverOptions extends Pick<MigrateOptions, 'limits'> {
  /**
   * Where the target's copy is proved gone and may have run, run the source's copy again: what the guest did at the
   * target is lost. Default false: such a migration stays in doubt.
   */
  readonly reviveSource?: boolean
}

/** Milliseconds for which a host that gives no answer is asked again: a recovery can be called again. */
const PATIENCE = 10_000

/** The two ends of a migration that is recovered; either may be out of reach. */
export interface Ends {
  readonly source: Side
  readonly target: Side
}

/**
 * Takes a migration over whose controller has gone, and brings it to an end: back to the source as long as nothing told
 * the target to run, forward to the target afterwards. Where a host does not answer, nothing is changed.
 */
export async function recoverMigration(
  parts: FerryParts,
  open: OpenMigration,
  ends: Ends,
  options: RecoverOptions,
): Promise<Recovery> {
  const limits = { settle: PATIENCE, ...options.limits }
  const run = resumedRun(parts, open, ends, { limits })
  // whoever still writes this migration's journal is still at it: VM_BUSY, and nothing is touched
  await noteKnown(run, open)
  await Promise.allSettled([ends.source.reconnect(), ends.target.reconnect()])
  const gone = vmError('VM_ABORTED', `the controller of this migration has gone`)
  const settled = await goOn(run, gone)
  const { outcome, error } = options.reviveSource ? await revived(run, settled, gone) : settled
  const { pending } = run.at
  await note(run, 'settled', { outcome, pending: pending.length })
  const { migration, domain, request } = open
  const uris = { source: request.source.uri.text, target: request.target.uri.text }
  return { migration, domain, ...uris, outcome, error: outcome === 'rolledBack' ? null : error, pending }
}

/** Whoever goes on from this journal, should we be lost too, must know what was known to us from a host. */
async function noteKnown(run: Run, { committing, postCopy }: OpenMigration): Promise<void> {
  const more = { request: run.request, epochs: run.at.epochs }
  if (postCopy) await note(run, 'postcopy', more)
  await note(run, committing ? 'committing' : 'claim', more)
}

async function goOn(run: Run, gone: VmError): Promise<Settled> {
  const direct = directOf(run.source)
  return direct ? settleDirectly(run, direct, gone) : settle(run, gone)
}

function directOf(source: Side): DirectMigration | null {
  try {
    const { direct, capabilities } = source.connection()
    return direct && capabilities.handover === 'direct' ? direct : null
  } catch {
    return null
  }
}

/** Runs the source's copy again if the target's is proved gone; whatever it did there is lost. */
async function revived(run: Run, settled: Settled, gone: VmError): Promise<Settled> {
  if (settled.outcome !== 'inDoubt') return settled
  const held = await claimAgain(run, undoing(run), { source: false, target: false })
  if (held === 'superseded' || !held.source || !held.target) return settled
  const [source, target] = await Promise.all([look(run, 'source'), look(run, 'target')])
  if (target.run !== 'gone' || !source.revivable) return settled
  return lastStep(run, 'roll-back', settled.error ?? gone, held, source, target)
}
