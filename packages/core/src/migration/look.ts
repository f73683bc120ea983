import {
  type Cause,
  type CopyState,
  type DriverDomain,
  type EffectOptions,
  type GuestState,
  isVmError,
} from '../driver/index.ts'
import { ask, type Run, type Step } from './run.ts'

/** The half that this run holds, or the one that the host has on file; null if the host never heard of it. */
export async function found(run: Run, side: 'source' | 'target'): Promise<Half | null> {
  const held = side === 'source' ? run.at.outgoing : run.at.incoming
  if (held) return held
  try {
    const recalled = await ask(run, side, undoing(run), (call) => recall(run, side, call))
    if (side === 'source') run.at.outgoing = recalled as Run['at']['outgoing']
    else run.at.incoming = recalled as Run['at']['incoming']
    return recalled
  } catch (error) {
    if (isVmError(error, 'VM_NOT_FOUND')) return null
    throw error
  }
}

type Half = NonNullable<Run['at']['outgoing'] | Run['at']['incoming']>

async function recall(run: Run, side: 'source' | 'target', call: EffectOptions): Promise<Half | null> {
  const { source, target } = run[side].connection()
  const half = side === 'source' ? await source?.recall(run.id, call) : await target?.recall(run.id, call)
  return half ?? null
}

/** A new connection, and the half from the host's record instead of the one that went with the old connection. */
export async function renewed(run: Run, side: 'source' | 'target'): Promise<void> {
  await run[side].reconnect()
  if (side === 'source') run.at.outgoing = null
  else run.at.incoming = null
}

/** What a host knows about its copy, over a connection that works; `unknown` if it gives no answer. */
export async function look(run: Run, side: 'source' | 'target'): Promise<CopyState> {
  const inspect = async (): Promise<CopyState> => {
    const half = await found(run, side)
    if (!half) return side === 'source' ? untouched(run) : NEVER_MADE
    return ask(run, side, undoing(run), (call) => half.inspect(call))
  }
  try {
    const state = await inspect()
    if (state.run !== 'unknown') return state
  } catch {
    // asked once more over a new connection
  }
  try {
    await renewed(run, side)
    return await inspect()
  } catch (error) {
    return unanswered(run[side].host, error)
  }
}

function unanswered(host: string, error: unknown): CopyState {
  return { ...NOT_ASKED, evidence: [`${host}: ${error instanceof Error ? error.message : String(error)}`] }
}

/**
 * After the commit only the host's own record proves that a copy which is gone has not run: a host that was emptied has
 * forgotten it. Where the source holds nothing for this migration, that is what a migration leaves which has come to its
 * end; and where no journal tells of the commit, it is what a roll-back leaves in its middle.
 */
export async function attested(run: Run, target: CopyState): Promise<CopyState> {
  const { committing, journalled, outgoing } = run.at
  if (target.run !== 'gone' || target.mayHaveRun) return target
  if (!committing || !journalled || !outgoing) return target
  run.at.incoming = null
  try {
    if (await found(run, 'target')) return target
  } catch (error) {
    return unanswered(run.target.host, error)
  }
  const evidence = [...target.evidence, `${run.target.host} does not know whether it ran there`]
  // where post-copy took the source's copy, only a host that remembers can say that the guest is lost
  const known = run.at.postCopy ? 'unknown' : target.run
  return { ...target, run: known, mayHaveRun: true, evidence }
}

/** How long a target that failed may take to say why. */
const LAST_WORDS = 5_000

/** What the target's host knows of a copy that did not come whole: often the only place where the reason stands. */
export async function lastWords(run: Run): Promise<readonly Cause[]> {
  const half = run.at.incoming
  if (!half) return []
  try {
    const seen = await ask(run, 'target', { ...undoing(run), limit: LAST_WORDS }, (call) =>
      half.inspect(call),
    )
    if (seen.run !== 'gone' && seen.complete) return []
    return seen.evidence.map((words) => ({ host: run.target.host, words }))
  } catch {
    return []
  }
}

/**
 * A source that has no record of the migration, because it never heard of it or has let go: what the domain does now, it
 * does by itself. Paused or not it is in charge, so that for what is decided it counts as running.
 */
async function untouched(run: Run): Promise<CopyState> {
  const state = await domainState(run)
  const evidence = [`${run.source.host} has no record of this migration; ${run.domain} is ${state}`]
  if (state === 'none') return { ...NEVER_MADE, evidence }
  if (state === 'unknown') return { ...NOT_ASKED, evidence }
  if (state === 'failed') return { ...NEVER_MADE, run: 'off', evidence }
  const known = { complete: true, mayHaveRun: true, revivable: false, evidence }
  return { ...known, run: state === 'running' || state === 'paused' ? 'running' : 'stopped' }
}

/** The source's state after a roll-back, asked afresh: what is reported is what is. */
export async function now(run: Run): Promise<GuestState> {
  const state = await domainState(run)
  if (state === 'running' || state === 'paused' || state === 'none' || state === 'unknown') return state
  return state === 'failed' ? 'none' : 'stopped'
}

/** The source answers, and has no domain of that name, dead or alive. */
export async function isAway(run: Run): Promise<boolean> {
  return (await domainState(run)) === 'none'
}

/** The source's domain is in the hands of another migration. */
export async function isTaken(run: Run): Promise<boolean> {
  try {
    const records = await ask(run, 'source', undoing(run), (call) => run.source.connection().migrations(call))
    return records.some(
      ({ role, domain, migration }) => role === 'source' && domain === run.domain && migration !== run.id,
    )
  } catch {
    return false
  }
}

async function domainState(run: Run): Promise<DriverDomain['state'] | 'none' | 'unknown'> {
  try {
    const { state } = await ask(run, 'source', undoing(run), (call) =>
      run.source.connection().domain(run.domain, call),
    )
    return state
  } catch (error) {
    return isVmError(error, 'VM_NOT_FOUND') ? 'none' : 'unknown'
  }
}

/** How the calls that follow a failure are made: bounded, and not for the user to interrupt. */
export function undoing(run: Run): Step {
  return { phase: 'abort', limit: run.limits.abort, mayCancel: false }
}

/** Nothing is known. */
export const NOT_ASKED: CopyState = {
  run: 'unknown',
  complete: false,
  mayHaveRun: false,
  revivable: false,
  evidence: [],
}

const NEVER_MADE: CopyState = {
  ...NOT_ASKED,
  run: 'gone',
  evidence: ['the host has no record of this migration'],
}
