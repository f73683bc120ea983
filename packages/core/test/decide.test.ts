import { expect, test } from 'vitest'
import { type Action, type CopyState, decide, FINISH_TRIES, type JournalView } from '../src/index.ts'

const RUNS = ['running', 'stopped', 'off', 'gone', 'unknown'] as const
const BOTH = [false, true] as const

/** Every state that a host could report, contradictions included. */
const STATES: readonly CopyState[] = RUNS.flatMap((run) =>
  BOTH.flatMap((complete) =>
    BOTH.flatMap((mayHaveRun) =>
      BOTH.map((revivable): CopyState => ({ run, complete, mayHaveRun, revivable, evidence: [] })),
    ),
  ),
)
const JOURNALS: readonly JournalView[] = BOTH.flatMap((committing) =>
  BOTH.flatMap((postCopy) =>
    [0, FINISH_TRIES].map((finishTries): JournalView => ({ committing, postCopy, finishTries })),
  ),
)
const CLAIMS = BOTH.flatMap((source) => BOTH.map((target) => ({ source, target })))

type Case = [JournalView, (typeof CLAIMS)[number], CopyState, CopyState, Action]
const CASES: readonly Case[] = JOURNALS.flatMap((journal) =>
  CLAIMS.flatMap((claims) =>
    STATES.flatMap((source) =>
      STATES.map(
        (target): Case => [journal, claims, source, target, decide(journal, claims, source, target)],
      ),
    ),
  ),
)

/** The cases in which the promise is broken. */
function broken(promise: (...given: Case) => boolean): Case[] {
  return CASES.filter((given) => !promise(...given))
}

test('there are enough cases to speak of all of them', () => {
  expect(CASES).toHaveLength(8 * 4 * 40 * 40)
})

test('nothing is changed on a host that is not held', () => {
  expect(
    broken((_, { source, target }, _s, _t, action) => (source && target) || action === 'in-doubt'),
  ).toEqual([])
})

test('a target that runs is never rolled back', () => {
  expect(broken((_j, _c, _s, target, action) => target.run !== 'running' || action !== 'roll-back')).toEqual(
    [],
  )
})

test('a target is never told to run while the source may run', () => {
  expect(broken((_j, _c, source, _t, action) => action !== 'finish' || source.run !== 'running')).toEqual([])
})

test('only a target that can run is told to, complete unless post-copy has begun', () => {
  const begun = ({ postCopy }: JournalView, { run, revivable }: CopyState): boolean =>
    postCopy && run === 'stopped' && !revivable
  expect(
    broken(
      (journal, _c, source, target, action) =>
        action !== 'finish' || (target.revivable && (target.complete || begun(journal, source))),
    ),
  ).toEqual([])
})

test('the source is never ended unless the target runs and has everything', () => {
  expect(
    broken(
      (_j, _c, _s, target, action) => action !== 'confirm' || (target.run === 'running' && target.complete),
    ),
  ).toEqual([])
})

test('the rest of the pages is waited for exactly while the target runs without it and the source stands by', () => {
  expect(
    broken(
      (_j, claims, source, target, action) =>
        (action === 'drain') ===
        (claims.source &&
          claims.target &&
          target.run === 'running' &&
          !target.complete &&
          source.run === 'stopped'),
    ),
  ).toEqual([])
})

test('after the commit the source is not revived while the target is unknown, or gone and may have run', () => {
  expect(
    broken(
      ({ committing }, _c, source, target, action) =>
        !committing ||
        action !== 'roll-back' ||
        (source.run === 'running' && target.run === 'gone') ||
        (target.run !== 'unknown' && !(target.run === 'gone' && target.mayHaveRun)),
    ),
  ).toEqual([])
})

test('where the source is stopped and the target may have run, the source is never revived', () => {
  expect(
    broken(
      ({ committing }, _c, source, target, action) =>
        !committing || source.run !== 'stopped' || !target.mayHaveRun || action !== 'roll-back',
    ),
  ).toEqual([])
})

test('once post-copy is permitted the source goes back only if it has run all the time, or says that it can', () => {
  expect(
    broken(
      ({ postCopy }, _c, source, _t, action) =>
        !postCopy || action !== 'roll-back' || source.run === 'running' || source.revivable,
    ),
  ).toEqual([])
})

test('lost is said only when the source is proved gone and the target has not everything, or is gone as well', () => {
  expect(
    broken(
      (_j, _c, source, target, action) =>
        action !== 'lost' ||
        (source.run === 'gone' &&
          target.run !== 'unknown' &&
          !(target.run === 'running' && target.complete)) ||
        target.run === 'gone',
    ),
  ).toEqual([])
})

test('a target that is gone means lost while the source is there only in post-copy', () => {
  expect(
    broken(
      ({ postCopy }, _c, source, _t, action) =>
        action !== 'lost' ||
        source.run === 'gone' ||
        (postCopy && source.run === 'stopped' && !source.revivable),
    ),
  ).toEqual([])
})

test('a guest whose two parts are both there is never lost, and never given back', () => {
  expect(
    broken(
      ({ postCopy }, _c, source, target, action) =>
        !postCopy ||
        source.run !== 'stopped' ||
        source.revivable ||
        target.run === 'gone' ||
        (action !== 'lost' && action !== 'roll-back'),
    ),
  ).toEqual([])
})

test('before the commit, with both hosts held and the target not running, it goes back', () => {
  expect(
    broken(
      ({ committing, postCopy }, claims, source, target, action) =>
        committing ||
        postCopy ||
        !claims.source ||
        !claims.target ||
        source.run === 'gone' ||
        target.run === 'running' ||
        action === 'roll-back',
    ),
  ).toEqual([])
})

test('a complete target is asked a bounded number of times', () => {
  expect(
    broken(({ finishTries }, _c, _s, _t, action) => finishTries < FINISH_TRIES || action !== 'finish'),
  ).toEqual([])
})
