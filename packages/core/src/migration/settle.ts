import { type CopyState, type GuestStates, isVmError, sleep, type VmError } from '../driver/index.ts'
import { claimAgain, type Held } from './claim.ts'
import { type Action, decide } from './decide.ts'
import { lastStep } from './last-step.ts'
import { drain, finish } from './line.ts'
import { attested, look, NOT_ASKED, now, undoing } from './look.ts'
import { ask, note, type Run } from './run.ts'
import { type Settled, superseded, told, unclaimed } from './verdict.ts'

/** Milliseconds between two questions to a host that gives no answer. */
const PAUSE = 1_000

/** How often at least the rest of the pages is waited for: from the second time on over a new link. */
const DRAIN_TRIES = 2

/** What follows a failure: claim both hosts again, look at both, decide, act, until it is settled. */
export async function settle(run: Run, failure: VmError): Promise<Settled> {
  if (!run.at.begun)
    return { outcome: 'rolledBack', error: told(run, failure, 'rolledBack', await asFound(run)) }
  if (isVmError(failure, 'VM_STALE')) return superseded(run, failure)
  await note(run, 'abort').catch(() => {})
  return run.at.committing ? settleAfterCommit(run, failure) : settleBefore(run, failure)
}

/** Nothing ever told the target to run, and whoever holds the source arbitrates: the way back is open. */
async function settleBefore(run: Run, failure: VmError): Promise<Settled> {
  const deadline = run.clock.monotonic() + run.limits.settle
  const held = await heldBy(run, deadline)
  if (held === 'superseded') return superseded(run, failure)
  if (!held.source) return unclaimed(run, 'source', failure)
  const source = await look(run, 'source')
  const stopped = source.run !== 'running'
  // post-copy was permitted, and its host does not say that it has not begun
  if (run.at.postCopy && stopped && !source.revivable) return settleAfterCommit(run, failure, held)
  // whoever began it may yet tell the target to run, unless the source has never stopped
  const resumed = run.takenOver && stopped
  if (resumed && !held.target) return unclaimed(run, 'target', failure)
  const target: CopyState = stopped ? await look(run, 'target') : NOT_ASKED
  if (resumed && target.run === 'unknown') return unclaimed(run, 'target', failure)
  // somebody else may have told it to run: a third controller, in a journal of its own (the mark at the target tells), or an administrator
  if (stopped && (target.run === 'running' || (resumed && target.mayHaveRun))) {
    await committed(run)
    // its host must know that it is in charge
    if (!target.mayHaveRun && run.at.incoming) await succeeds(finish(run, run.at.incoming))
    return settleAfterCommit(run, failure, held)
  }
  const action =
    withoutRecord(run, source, target) ??
    (source.run === 'gone' ? decided(run, 0, held, source, target) : 'roll-back')
  if (action === 'finish' || action === 'drain' || action === 'confirm')
    return settleAfterCommit(run, failure, held)
  return lastStep(run, action, failure, held, source, target)
}

/**
 * A source that has no record of it, and no process, never began or has let go: what the guest did since is not known
 * here. A copy at the target that was not told to run is older than that, and must never run. Null: it is not so.
 */
function withoutRecord({ at }: Run, source: CopyState, target: CopyState): 'clean-up' | 'roll-back' | null {
  const idle = target.run === 'gone' || target.run === 'stopped' || target.run === 'off'
  if (at.outgoing !== null || !idle || target.mayHaveRun) return null
  if (source.run === 'off') return 'roll-back'
  // stopped: another migration has it
  return source.run === 'gone' || source.run === 'stopped' ? 'clean-up' : null
}

/** Claims what can be claimed; a source that gives no answer is asked again until the deadline. */
async function heldBy(run: Run, deadline: number): Promise<Held | 'superseded'> {
  for (let held: Held = NONE_HELD; ; ) {
    const claimed = await claimAgain(run, undoing(run), held)
    if (claimed === 'superseded' || claimed.source || run.clock.monotonic() >= deadline) return claimed
    held = claimed
    await sleep(run.clock, PAUSE)
  }
}

const NONE_HELD: Held = { source: false, target: false }

async function settleAfterCommit(run: Run, failure: VmError, before: Held = NONE_HELD): Promise<Settled> {
  const deadline = run.clock.monotonic() + run.limits.settle
  let held = before
  let drains = 0
  for (let tries = 0; ; ) {
    const claimed = await claimAgain(run, undoing(run), held)
    if (claimed === 'superseded') return superseded(run, failure)
    held = claimed
    const [source, seen] = await Promise.all([look(run, 'source'), look(run, 'target')])
    // what was missing may have come before the source ended
    const late = source.run === 'gone' && seen.run === 'running' && !seen.complete
    const target = await attested(run, late ? await look(run, 'target') : seen)
    const both = held.source && held.target
    const action =
      (both ? withoutRecord(run, source, target) : null) ?? decided(run, tries, held, source, target)
    const unknown = source.run === 'unknown' || target.run === 'unknown' || !both
    // what post-copy needs to run may still be on its way
    const loading = run.at.postCopy && target.run === 'stopped'
    if (action === 'in-doubt' && (unknown || loading) && run.clock.monotonic() < deadline) {
      await sleep(run.clock, PAUSE)
    } else if (action === 'finish') {
      tries += 1
      if (run.at.committing) await note(run, 'finish').catch(() => {})
      else await committed(run)
      const half = run.at.incoming
      // answered, it is what it is on the straight line: the target is in charge, whatever the guest does by now
      if (half && (await succeeds(finish(run, half))) && (await hasAll(run, tries > 1)))
        return lastStep(run, 'confirm', failure, held, source, target)
    } else if (action === 'drain') {
      if (await drained(run, drains > 0)) return lastStep(run, 'confirm', failure, held, source, target)
      drains += 1
      const enough = drains >= DRAIN_TRIES && run.clock.monotonic() >= deadline
      if (enough) return lastStep(run, 'in-doubt', failure, held, source, target)
      await sleep(run.clock, PAUSE)
    } else {
      return lastStep(run, action, failure, held, source, target)
    }
  }
}

/** Whether the target, which has just been told to run, has everything; in post-copy the rest of the pages is waited for. */
async function hasAll(run: Run, anew: boolean): Promise<boolean> {
  return !run.at.postCopy || !run.at.outgoing || drained(run, anew)
}

/** Waits for the rest of the pages; `anew`: over a new link, as far as the driver can make one. */
async function drained(run: Run, anew: boolean): Promise<boolean> {
  const { outgoing, incoming } = run.at
  if (!outgoing) return false
  const waits = async (): Promise<void> => {
    const reopens = anew && incoming?.reopen
    const ticket = reopens ? await ask(run, 'target', undoing(run), reopens) : undefined
    await drain(run, outgoing, ticket)
  }
  return succeeds(waits())
}

async function succeeds(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}

/** Going forward without having committed: the source is gone and the target has everything. It is a commit all the same. */
async function committed(run: Run): Promise<void> {
  run.at.committing = true
  await note(run, 'committing')
}

function decided(run: Run, finishTries: number, held: Held, source: CopyState, target: CopyState): Action {
  const { committing, postCopy } = run.at
  return decide({ committing, postCopy, finishTries }, held, source, target)
}

/** Nothing was begun: both sides are as they were found. */
async function asFound(run: Run): Promise<GuestStates> {
  const source = await now(run)
  return { source, target: 'none' }
}
