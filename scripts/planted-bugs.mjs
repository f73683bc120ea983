/**
 * Faults of the protocol, each as it could have been made in good faith: changes of built files, every one of which must be
 * found there exactly once, so that a plant that no longer takes is noticed. Those that fewer than three of 10,000 seeds
 * find are left to tests of their own.
 *
 * What a journal and the mark at a target both tell is no fault when one of them is left out: a recovery asks the other. Such
 * faults are planted together with a recovery that does not ask for the mark.
 */
const CLAIM = 'core/dist/migration/claim.js'
const DECIDE = 'core/dist/migration/decide.js'
const LAST_STEP = 'core/dist/migration/last-step.js'
const LINE = 'core/dist/migration/line.js'
const LOOK = 'core/dist/migration/look.js'
const OPEN = 'core/dist/migration/open-migration.js'
const SETTLE = 'core/dist/migration/settle.js'

/** A recovery that does not ask for the mark at the target. */
const NO_MARK = [
  SETTLE,
  "if (stopped && (target.run === 'running' || (resumed && target.mayHaveRun)))",
  'if (false)',
]

export const PLANTED_BUGS = [
  {
    bug: 'the host does not compare epochs',
    changes: [
      ['driver-test/dist/gate.js', "fencing !== 'host' || epoch >= held", "fencing !== 'host' || epoch >= 0"],
    ],
  },
  {
    bug: 'hosts are claimed at the start of a controller only',
    changes: [
      [
        CLAIM,
        'async function again(run, side, step) {',
        "async function again(run, side, step) {\n    if (run.at.epochs[side] !== null) return 'held';",
      ],
    ],
  },
  {
    bug: 'confirm comes before finish',
    changes: [
      [LINE, '    await confirm(run, outgoing);\n', ''],
      [
        LINE,
        'await finish(run, incoming);',
        'await confirm(run, outgoing);\n    await finish(run, incoming);',
      ],
    ],
  },
  {
    bug: 'the commit is not journalled, and the mark not asked for',
    changes: [[LINE, "await note(run, 'committing');", ''], NO_MARK],
  },
  {
    bug: 'the commit is journalled after its effect',
    changes: [
      [LINE, '    await commit(run);\n', '    run.at.committing = true;\n'],
      [LINE, 'await finish(run, incoming);', 'await finish(run, incoming);\n    await commit(run);'],
    ],
  },
  {
    bug: 'a cancel after the commit is obeyed, and the target not asked whether it runs',
    changes: [
      ['core/dist/migration/carry-out.js', 'if (committing || postCopy) {', 'if (postCopy) {'],
      [LINE, 'limit: limits.finish, mayCancel: false', 'limit: limits.finish'],
      [SETTLE, 'return run.at.committing ?', 'return run.at.committing && !run.cancelled.aborted ?'],
      NO_MARK,
    ],
  },
  {
    bug: 'a finish without an answer is taken for one that failed',
    changes: [[SETTLE, 'return run.at.committing ?', 'return false ?']],
  },
  {
    bug: 'a host that does not answer is taken for one without a copy',
    changes: [
      [
        LOOK,
        'return unanswered(run[side].host, error);',
        'return { ...unanswered(run[side].host, error), run: NEVER_MADE.run };',
      ],
    ],
  },
  {
    bug: 'a target that may have run and is gone is rolled back',
    changes: [
      [
        DECIDE,
        "if (target.run === 'gone')\n        return target.mayHaveRun ? 'in-doubt' : 'roll-back';",
        "if (target.run === 'gone')\n        return 'roll-back';",
      ],
    ],
  },
  {
    bug: 'finish leaves no mark',
    changes: [['driver-test/dist/incoming.js', 'file.marked = true;', '']],
  },
  {
    bug: 'a target that does not answer after the commit is taken for one that runs',
    changes: [
      [
        DECIDE,
        "if (!claims.source || !claims.target)\n        return 'in-doubt';",
        "if (!claims.source)\n        return 'in-doubt';\n    if (!claims.target)\n        return 'confirm';",
      ],
    ],
  },
  {
    bug: 'a guest whose source is gone is given up',
    changes: [[DECIDE, "return finishTries < FINISH_TRIES ? 'finish' : 'in-doubt';", "return 'lost';"]],
  },
  {
    bug: 'the source is brought back before the target is proved gone',
    changes: [
      [
        LAST_STEP,
        'const targetGone =',
        "await bestEffort(run, 'source', held, 'the hold on the domain');\n        const targetGone =",
      ],
    ],
  },
  {
    bug: 'a roll-back leaves the copy at the target',
    changes: [[LAST_STEP, "await bestEffort(run, 'target', held, 'the incoming copy')", "'ended'"]],
  },
  {
    bug: 'a roll-back does not let go of the source',
    changes: [
      [
        LAST_STEP,
        "const back = await bestEffort(run, 'source', held, 'the hold on the domain')",
        "const back = 'ended'",
      ],
    ],
  },
  {
    bug: 'a second finish is not believed',
    changes: [
      [SETTLE, '(await succeeds(finish(run, half)))', '(await succeeds(finish(run, half))) && false'],
    ],
  },
  {
    bug: 'a copy that was left at the target is run when the source has let go and died',
    changes: [[SETTLE, 'if (at.outgoing !== null || !idle || target.mayHaveRun)', 'if (true)']],
  },
  {
    bug: 'a recovery forgets that the journal has a commit, and does not ask for the mark',
    changes: [[OPEN, "committing: last('committing') > last('roll-back'),", 'committing: false,'], NO_MARK],
  },
  {
    bug: 'in post-copy the source is ended before the last page has come',
    changes: [[LINE, 'if (performed.postCopy)', 'if (false)']],
  },
  {
    bug: 'in post-copy a target that lacks pages is taken for whole',
    changes: [[DECIDE, "if (target.complete)\n        return 'confirm';", "return 'confirm';"]],
  },
  {
    bug: 'a source is brought back from post-copy',
    changes: [
      [SETTLE, 'if (run.at.postCopy && stopped && !source.revivable)', 'if (false)'],
      [DECIDE, "if (journal.postCopy && source.run !== 'running' && !source.revivable)", 'if (false)'],
      ['driver-test/dist/outgoing-end.js', 'if (!rest || !isAlive(guest))', 'if (true)'],
    ],
  },
  {
    bug: 'post-copy is permitted and not on file',
    changes: [['core/dist/migration/run.js', "await note(run, 'postcopy');", '']],
  },
]
