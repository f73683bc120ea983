import { type CopyState, type GuestStates, isVmError, restated, type VmError } from '../driver/index.ts'
import { claimHost, type Held } from './claim.ts'
import type { Action } from './decide.ts'
import { confirm } from './line.ts'
import { found, isAway, isTaken, lastWords, look, now, renewed, undoing } from './look.ts'
import { ask, inPhase, note, type Run } from './run.ts'
import {
  inDoubt,
  lost,
  type Settled,
  sourceLost,
  sourceUnknown,
  superseded,
  targetUnknown,
  told,
} from './verdict.ts'

/** Does the last step that was decided, unless another controller is quicker; `held` are the hosts that were claimed for it. */
export async function lastStep(run: Run, ...step: LastStep): Promise<Settled> {
  try {
    return await taken(run, ...step)
  } catch (error) {
    if (!isVmError(error, 'VM_STALE')) throw error
    return superseded(run, error)
  }
}

type LastStep = [
  action: Exclude<Action, 'finish' | 'drain'> | 'clean-up',
  failure: VmError,
  held: Held,
  source: CopyState,
  target: CopyState,
]

async function taken(run: Run, ...[action, failure, held, source, target]: LastStep): Promise<Settled> {
  switch (action) {
    case 'confirm':
      await goForward(run, source)
      return { outcome: 'migrated', error: null }
    case 'roll-back':
      return rollBack(run, failure, held)
    case 'clean-up':
      await bestEffort(run, 'target', held, 'what is left of the incoming copy')
      return {
        outcome: 'rolledBack',
        error: told(run, failure, 'rolledBack', { source: await now(run), target: 'none' }),
      }
    case 'lost':
      // what post-copy left at the source can never run again; it goes first, as only the target knows that it is lost
      if (source.run === 'stopped') {
        if (!(await endSource(run, source))) return lost(run, failure, source, target)
      } else await bestEffort(run, 'source', held, 'the hold on the domain')
      await bestEffort(run, 'target', held, 'what is left of the incoming copy')
      return lost(run, failure, source, target)
    case 'in-doubt':
      return inDoubt(run, failure, source, target)
  }
}

/** The target runs: only the source's stopped copy is left to end. */
async function goForward(run: Run, source: CopyState): Promise<void> {
  if (run.at.downtimeMs === null && run.at.stoppedAt !== null) {
    run.at.downtimeMs = Math.round(run.clock.monotonic() - run.at.stoppedAt)
    run.log.emit({ type: 'switchover', downtimeMs: run.at.downtimeMs })
  }
  await endSource(run, source)
}

/** False, and pending, if the stopped copy is still there. */
async function endSource(run: Run, source: CopyState): Promise<boolean> {
  const half = run.at.outgoing
  try {
    if (!half && source.run !== 'gone') throw new Error('the source has no record of it')
    if (half) await confirm(run, half)
    return true
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    const remedy = `vmferry stop ${run.request.source.uri.text} ${run.domain} --force`
    run.at.pending.push({
      side: 'source',
      what: `the stopped copy on ${run.source.host} (${words}); end it: ${remedy}`,
    })
    run.log.emit({
      type: 'warning',
      code: 'source-copy-left',
      message: `a stopped copy is left on ${run.source.host}: ${words}`,
    })
    return false
  }
}

/** The source takes over again; the target's copy is ended first, so that it lets go of the disks. */
async function rollBack(run: Run, cause: VmError, held: Held): Promise<Settled> {
  return inPhase(run, 'abort', async () => {
    const words = isVmError(cause, 'VM_ABORTED') ? [] : await lastWords(run)
    const failure = restated(cause, { causes: [...cause.causes, ...words] })
    if (run.at.committing) await note(run, 'roll-back')
    const targetGone = (await bestEffort(run, 'target', held, 'the incoming copy')) === 'ended'
    if (!targetGone && run.at.committing) {
      const [source, target] = await Promise.all([look(run, 'source'), look(run, 'target')])
      return inDoubt(run, failure, source, target)
    }
    const back = await bestEffort(run, 'source', held, 'the hold on the domain')
    const source = await now(run)
    const guest: GuestStates = { source, target: targetGone ? 'none' : 'unknown' }
    const off = run.at.offer?.runState === 'off' && source === 'stopped'
    if (source === 'running' || source === 'paused' || off)
      return { outcome: 'rolledBack', error: told(run, failure, 'rolledBack', guest) }
    if (source !== 'none') return sourceUnknown(run, failure, guest)
    // it was given back, or never had: somebody else has taken it on, and lets go of it only when it is away
    if (back === 'ended' && targetGone && ((await isTaken(run)) || (await isAway(run))))
      return { outcome: 'rolledBack', error: told(run, failure, 'rolledBack', guest) }
    // a target that was not asked may have all of the guest
    return targetGone ? sourceLost(run, failure, guest) : targetUnknown(run, failure, guest)
  })
}

/** How one side's half was ended. `died`: no process was left to be brought back. `left`: it was not, and is pending. */
type Ended = 'ended' | 'died' | 'left'

async function bestEffort(run: Run, side: 'source' | 'target', held: Held, what: string): Promise<Ended> {
  const tried = side === 'source' ? run.at.begun : run.at.prepared
  if (!tried) return 'ended'
  const abort = async (): Promise<Ended> => {
    // what was asked of a host that gave no answer may still arrive there, and make anew what is ended here
    if (!held[side]) await claimHost(run, side, undoing(run))
    const half = await found(run, side)
    if (half) await ask(run, side, undoing(run), (call) => half.abort('the migration failed', call))
    return 'ended'
  }
  try {
    return await abort().catch(async (error: unknown) => {
      if (isVmError(error, 'VM_STALE')) throw error
      if (isVmError(error, 'VM_PHASE_FAILED')) {
        if (side === 'source' && (await isForgotten(run))) return 'died'
        throw error
      }
      await renewed(run, side)
      return abort()
    })
  } catch (error) {
    // it is for another controller to end
    if (isVmError(error, 'VM_STALE')) throw error
    const words = error instanceof Error ? error.message : String(error)
    const uri = run.request[side].uri.text
    const name = side === 'target' ? (run.request.rename ?? run.domain) : run.domain
    const remedy = side === 'target' ? `; once it answers: vmferry stop ${uri} ${name} --force` : ''
    run.at.pending.push({ side, what: `${what} on ${run[side].host} could not be ended: ${words}${remedy}` })
    return 'left'
  }
}

/** A source whose process is gone cannot be brought back, and has let go all the same. */
async function isForgotten(run: Run): Promise<boolean> {
  run.at.outgoing = null
  return (await found(run, 'source')) === null
}
