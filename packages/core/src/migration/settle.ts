import {
  type Cause,
  type CopyState,
  type GuestStates,
  isVmError,
  restated,
  sleep,
  type VmError,
  type VmErrorDetails,
  vmError,
} from '../driver/index.ts'
import { type Action, decide } from './decide.ts'
import { confirm, finish } from './line.ts'
import { found, lastWords, look, NOT_ASKED, now, renewed, undoing } from './look.ts'
import type { Outcome } from './outcome.ts'
import { ask, inPhase, note, type Run } from './run.ts'

/** Milliseconds between two questions to a host that gives no answer. */
const PAUSE = 1_000

/** How a migration ended that did not go straight. */
export interface Settled {
  readonly outcome: Outcome
  /** The error to report; null when it came to a good end all the same. */
  readonly error: VmError | null
}

/** What follows a failure: look at both hosts, decide, act, until it is settled. */
export async function settle(run: Run, failure: VmError): Promise<Settled> {
  if (!run.at.begun)
    return { outcome: 'rolledBack', error: told(run, failure, 'rolledBack', await asFound(run)) }
  await note(run, 'abort').catch(() => {})
  if (!run.at.committing && !run.at.postCopy) {
    // nothing ever told the target to run, and no other controller has had this migration: the way back is open
    const source = await look(run, 'source')
    const target: CopyState = source.run === 'gone' ? await look(run, 'target') : NOT_ASKED
    const action = source.run === 'gone' ? decided(run, 0, source, target) : 'roll-back'
    if (action !== 'finish' && action !== 'confirm') return carryOut(run, action, failure, source, target)
  }
  return settleAfterCommit(run, failure)
}

async function settleAfterCommit(run: Run, failure: VmError): Promise<Settled> {
  const deadline = run.clock.monotonic() + run.limits.settle
  for (let tries = 0; ; ) {
    const [source, target] = await Promise.all([look(run, 'source'), look(run, 'target')])
    const action = decided(run, tries, source, target)
    const unknown = source.run === 'unknown' || target.run === 'unknown'
    if (action === 'in-doubt' && unknown && run.clock.monotonic() < deadline) {
      await sleep(run.clock, PAUSE)
    } else if (action === 'finish') {
      tries += 1
      await committed(run)
      const half = run.at.incoming
      if (half) await finish(run, half).catch(() => {})
    } else {
      return carryOut(run, action, failure, source, target)
    }
  }
}

/** Going forward without having committed: the source is gone and the target has everything. It is a commit all the same. */
async function committed(run: Run): Promise<void> {
  if (run.at.committing) return
  run.at.committing = true
  await note(run, 'committing')
}

function decided(run: Run, finishTries: number, source: CopyState, target: CopyState): Action {
  const { committing, postCopy } = run.at
  return decide({ committing, postCopy, finishTries }, { source: true, target: true }, source, target)
}

/** Does the last step that was decided. */
async function carryOut(
  run: Run,
  action: Exclude<Action, 'finish'>,
  failure: VmError,
  source: CopyState,
  target: CopyState,
): Promise<Settled> {
  switch (action) {
    case 'confirm':
      await goForward(run, source)
      return { outcome: 'migrated', error: null }
    case 'roll-back':
      return rollBack(run, failure)
    case 'lost': {
      const error = vmError(
        'VM_LOST',
        `both copies of ${run.domain} are gone: ${failure.message}`,
        evidence(run, failure, source, target),
      )
      await bestEffort(run, 'target', 'what is left of the incoming copy')
      return { outcome: 'lost', error: told(run, error, 'lost', { source: 'none', target: 'none' }) }
    }
    case 'in-doubt': {
      const error = vmError(
        'VM_IN_DOUBT',
        `${run.domain} was handed to ${run.target.host}, which cannot say whether it runs; the copy on ${run.source.host} is kept stopped`,
        {
          ...evidence(run, failure, source, target),
          remedy: `once ${run.target.host} answers: vmferry list ${run.request.target.uri.text}; only if ${run.domain} runs there: vmferry stop ${run.request.source.uri.text} ${run.domain} --force`,
        },
      )
      return {
        outcome: 'inDoubt',
        error: told(run, error, 'inDoubt', { source: inWords(source), target: inWords(target) }),
      }
    }
  }
}

/** The target runs: only the source's stopped copy is left to end. */
async function goForward(run: Run, source: CopyState): Promise<void> {
  if (run.at.downtimeMs === null && run.at.stoppedAt !== null) {
    run.at.downtimeMs = Math.round(run.clock.monotonic() - run.at.stoppedAt)
    run.log.emit({ type: 'switchover', downtimeMs: run.at.downtimeMs })
  }
  const half = run.at.outgoing
  try {
    if (!half && source.run !== 'gone') throw new Error('the source has no record of it')
    if (half) await confirm(run, half)
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
  }
}

/** The source takes over again; the target's copy is ended first, so that it lets go of the disks. */
async function rollBack(run: Run, cause: VmError): Promise<Settled> {
  return inPhase(run, 'abort', async () => {
    const words = isVmError(cause, 'VM_ABORTED') ? [] : await lastWords(run)
    const failure = restated(cause, { causes: [...cause.causes, ...words] })
    const targetGone = await bestEffort(run, 'target', 'the incoming copy')
    if (!targetGone && run.at.committing) {
      const [source, target] = await Promise.all([look(run, 'source'), look(run, 'target')])
      return carryOut(run, 'in-doubt', failure, source, target)
    }
    await bestEffort(run, 'source', 'the hold on the domain')
    const source = await now(run)
    const guest: GuestStates = { source, target: targetGone ? 'none' : 'unknown' }
    const off = run.at.offer?.runState === 'off' && source === 'stopped'
    if (source === 'running' || source === 'paused' || off)
      return { outcome: 'rolledBack', error: told(run, failure, 'rolledBack', guest) }
    if (source === 'none') {
      const error = vmError(
        'VM_LOST',
        `the hypervisor of ${run.domain} on ${run.source.host} is gone: ${failure.message}`,
        evidence(run, failure),
      )
      return { outcome: 'lost', error: told(run, error, 'lost', guest) }
    }
    const message = `${run.source.host} cannot say whether ${run.domain} runs again: ${failure.message}`
    const remedy = `once ${run.source.host} answers: vmferry list ${run.request.source.uri.text}`
    const error = vmError('VM_IN_DOUBT', message, { ...evidence(run, failure), remedy })
    return { outcome: 'inDoubt', error: told(run, error, 'inDoubt', guest) }
  })
}

/** Ends one side's half; false, and a pending entry, if that could not be done. */
async function bestEffort(run: Run, side: 'source' | 'target', what: string): Promise<boolean> {
  const tried = side === 'source' ? run.at.begun : run.at.prepared
  if (!tried) return true
  const abort = async (): Promise<void> => {
    const half = await found(run, side)
    if (half) await ask(run, side, undoing(run), (call) => half.abort('the migration failed', call))
  }
  try {
    await abort().catch(async (error: unknown) => {
      if (isVmError(error, 'VM_PHASE_FAILED')) throw error
      await renewed(run, side)
      await abort()
    })
    return true
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    const uri = run.request[side].uri.text
    const name = side === 'target' ? (run.request.rename ?? run.domain) : run.domain
    const remedy = side === 'target' ? `; once it answers: vmferry stop ${uri} ${name} --force` : ''
    run.at.pending.push({ side, what: `${what} on ${run[side].host} could not be ended: ${words}${remedy}` })
    return false
  }
}

/** Nothing was begun: both sides are as they were found. */
async function asFound(run: Run): Promise<GuestStates> {
  const source = await now(run)
  return { source, target: 'none' }
}

/** The error as the user gets it: with where it happened, how it ended and what the guest does now. */
export function told(run: Run, error: VmError, outcome: Outcome, guest: GuestStates): VmError {
  const { phase = run.at.phase, host = run.source.host, remedy = defaultRemedy(outcome) } = error
  return restated(error, { phase, host, remedy, outcome, guest })
}

function defaultRemedy(outcome: Outcome): string {
  return outcome === 'rolledBack'
    ? 'remove the cause, then migrate again'
    : 'look at both hosts before anything else'
}

function evidence(run: Run, failure: VmError, source?: CopyState, target?: CopyState): VmErrorDetails {
  const words = (host: string, state?: CopyState): Cause[] =>
    (state?.evidence ?? []).map((line) => ({ host, words: line }))
  return {
    phase: failure.phase ?? run.at.phase,
    host: run.target.host,
    causes: [
      { host: failure.host ?? 'controller', words: failure.message },
      ...failure.causes,
      ...words(run.source.host, source),
      ...words(run.target.host, target),
    ],
    cause: failure,
  }
}

function inWords({ run }: CopyState): GuestStates['source'] {
  if (run === 'gone') return 'none'
  return run === 'off' ? 'stopped' : run
}
