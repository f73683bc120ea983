import type { CopyState } from '@vmferry/core/driver'
import { type BrokenDriver, broken } from './broken-driver.ts'

/** An inspect that tells something else of what it sees. */
const telling =
  (wrong: (state: CopyState) => Partial<CopyState>) =>
  <A extends unknown[]>(next: (...words: A) => Promise<CopyState>) =>
  async (...words: A): Promise<CopyState> => {
    const state = await next(...words)
    return { ...state, ...wrong(state) }
  }

export const brokenInspections: readonly BrokenDriver[] = [
  broken('inspect.evidence', 'has no words for what it sees', () => ({
    'target.inspect': telling(() => ({ evidence: [] })),
  })),
  broken('inspect.source-running', 'takes a running source for incomplete', () => ({
    'source.inspect': telling(({ run }) => (run === 'running' ? { complete: false } : {})),
  })),
  broken('inspect.target-waiting', 'takes a target for complete that has received nothing', () => {
    let sending = false
    return {
      perform:
        (next) =>
        (...words) => {
          sending = true
          return next(...words)
        },
      'target.inspect': telling(({ run }) => (run === 'stopped' && !sending ? { complete: true } : {})),
    }
  }),
  broken('inspect.source-stopped', 'takes a stopped source for incomplete', () => ({
    'source.inspect': telling(({ run }) => (run === 'stopped' ? { complete: false } : {})),
  })),
  broken('inspect.source-revivable', 'gives a stopped source up', () => ({
    'source.inspect': telling(({ run }) => (run === 'stopped' ? { revivable: false } : {})),
  })),
  broken('inspect.target-complete', 'takes a target that is complete for one that may have run', () => ({
    'target.inspect': telling(({ complete, run }) =>
      complete && run === 'stopped' ? { mayHaveRun: true } : {},
    ),
  })),
  broken('inspect.target-running', 'takes a target that runs for stopped', () => ({
    'target.inspect': telling(({ run }) => (run === 'running' ? { run: 'stopped' } : {})),
  })),
  broken('inspect.target-mark', 'forgets that a target may have run', () => ({
    'target.inspect': telling(() => ({ mayHaveRun: false })),
  })),
  broken('inspect.source-gone', 'takes a source that is gone for stopped', () => ({
    'source.inspect': (next, { recalled }) =>
      recalled ? next : telling(({ run }) => (run === 'gone' ? { run: 'stopped' } : {}))(next),
  })),
  broken('inspect.target-gone', 'takes a target that is gone for stopped', () => ({
    'target.inspect': (next, { recalled }) =>
      recalled ? next : telling(({ run }) => (run === 'gone' ? { run: 'stopped' } : {}))(next),
  })),
]
