import type { CopyState } from '../driver/index.ts'

/** What the journal says of a migration that did not end well. */
export interface JournalView {
  /** `committing` was journalled: the target may have been told to run the guest. */
  readonly committing: boolean
  /** Post-copy was permitted, and may have begun: from then on the source can never run again. */
  readonly postCopy: boolean
  /** How often `finish` has been repeated since. */
  readonly finishTries: number
}

/** Which hosts this controller still holds. Where one is not held, nothing is changed. */
export interface ClaimsView {
  readonly source: boolean
  readonly target: boolean
}

/**
 * What to do next.
 *
 * - `roll-back`: end the target's copy, then bring the source back.
 * - `finish`: the target's copy is complete, or post-copy has given it the right to run: run it.
 * - `drain`: the target runs, and a part of its memory is still at the source: wait for it.
 * - `confirm`: the target runs and has everything: end the source's copy.
 * - `in-doubt`: change nothing, tell the user.
 * - `lost`: both are gone, or one of two that each had a part: clean up and tell the user.
 */
export type Action = 'roll-back' | 'finish' | 'drain' | 'confirm' | 'in-doubt' | 'lost'

/** How often a complete target is asked to run before it is given up. */
export const FINISH_TRIES = 3

/**
 * Decides how a migration that failed goes on: forward to the target, back to the source, or not at all. Pure, and
 * small enough to enumerate. It keeps one promise above all: at most one copy of the guest ever runs.
 */
export function decide(
  journal: JournalView,
  claims: ClaimsView,
  source: CopyState,
  target: CopyState,
): Action {
  if (!claims.source || !claims.target) return 'in-doubt'
  if (target.run === 'running') return whileItRuns(source, target)
  if (source.run === 'gone') return withoutSource(journal, target)
  if (journal.postCopy && source.run !== 'running' && !source.revivable)
    return onlyForward(journal, source, target)
  if (!journal.committing) return 'roll-back'
  if (source.run === 'running') return mayRun(target) ? 'in-doubt' : 'roll-back'
  return afterCommit(journal, target)
}

/** The target runs: the source is ended, but not before the target has everything. */
function whileItRuns(source: CopyState, target: CopyState): Action {
  if (source.run === 'running') return 'in-doubt'
  if (target.complete) return 'confirm'
  if (source.run === 'gone') return 'lost'
  return source.run === 'stopped' ? 'drain' : 'in-doubt'
}

/** Post-copy may have begun, and the source cannot be brought back. */
function onlyForward({ finishTries }: JournalView, source: CopyState, target: CopyState): Action {
  if (source.run !== 'stopped') return 'in-doubt'
  if (target.run === 'gone') return 'lost'
  const another = target.run === 'stopped' && target.revivable && finishTries < FINISH_TRIES
  return another ? 'finish' : 'in-doubt'
}

/** The source is proved gone: what the target has is all there is. */
function withoutSource({ finishTries, postCopy }: JournalView, target: CopyState): Action {
  if (target.run === 'gone') return 'lost'
  if (target.run === 'unknown') return 'in-doubt'
  if (target.complete && target.revivable) return finishTries < FINISH_TRIES ? 'finish' : 'in-doubt'
  if (postCopy && !target.complete) return 'lost'
  return target.mayHaveRun ? 'in-doubt' : 'lost'
}

/** The source is stopped or not known, and the target may have been told to run. */
function afterCommit(journal: JournalView, target: CopyState): Action {
  if (target.run === 'unknown') return 'in-doubt'
  if (target.run === 'gone') return target.mayHaveRun ? 'in-doubt' : 'roll-back'
  const another = target.complete && target.revivable && journal.finishTries < FINISH_TRIES
  if (another) return 'finish'
  // what the guest did there would be undone
  return target.mayHaveRun ? 'in-doubt' : 'roll-back'
}

function mayRun(target: CopyState): boolean {
  return target.run === 'unknown' || (target.run === 'stopped' && target.mayHaveRun)
}
