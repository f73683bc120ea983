import { type CopyState, type DirectMigration, isVmError, vmError } from '../driver/index.ts'
import { check } from './line.ts'
import { now } from './look.ts'
import { watchProgress } from './progress-watch.ts'
import { ask, inPhase, note, type Run } from './run.ts'
import { type Settled, told } from './verdict.ts'

/**
 * The way of a migration by a hypervisor that has one call and no phases. The call itself is the commit: from its start
 * on, only the hypervisor knows who runs, so its failure is settled by asking it.
 */
export async function migrateDirectly(run: Run): Promise<Settled> {
  const request = await check(run)
  const direct = run.source.connection().direct as DirectMigration
  await note(run, 'begin')
  await note(run, 'perform')
  const watch = watchProgress(run)
  try {
    await inPhase(run, 'perform', () =>
      ask(run, 'source', { phase: 'perform', limit: null, ...watch }, (call) =>
        direct.migrate(run.domain, request, call),
      ),
    )
    return { outcome: 'migrated', error: null }
  } catch (error) {
    return await settleDirectly(run, direct, error)
  } finally {
    watch.end()
  }
}

/** Only the hypervisor knows what became of its one call. */
export async function settleDirectly(run: Run, direct: DirectMigration, failure: unknown): Promise<Settled> {
  const runs = await whoRuns(run, direct)
  if (runs === 'target') return { outcome: 'migrated', error: null }
  if (runs === 'source' && isVmError(failure))
    return {
      outcome: 'rolledBack',
      error: told(run, failure, 'rolledBack', { source: await now(run), target: 'none' }),
    }
  const error = vmError('VM_IN_DOUBT', `the hypervisor cannot say where ${run.domain} runs`, {
    cause: failure,
  })
  return { outcome: 'inDoubt', error: told(run, error, 'inDoubt', { source: 'unknown', target: 'unknown' }) }
}

async function whoRuns(run: Run, direct: DirectMigration): Promise<'source' | 'target' | 'unknown'> {
  const step = { phase: 'abort' as const, limit: run.limits.abort, mayCancel: false }
  try {
    const { source, target } = await ask(run, 'source', step, (call) => direct.inspect(run.id, call))
    const alone = (one: CopyState, other: CopyState): boolean => one.run !== 'gone' && other.run === 'gone'
    if (alone(target, source)) return 'target'
    return alone(source, target) ? 'source' : 'unknown'
  } catch {
    return 'unknown'
  }
}
