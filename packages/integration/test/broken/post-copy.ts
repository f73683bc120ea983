import { type BrokenDriver, broken } from './broken-driver.ts'

export const brokenPostCopies: readonly BrokenDriver[] = [
  broken('postcopy.permitted', 'goes over to post-copy although it may not', () => ({
    perform: (next) => (ticket, dial, call) =>
      next(ticket, dial, { ...call, permit: (step) => call.permit(step).catch(() => {}) }),
  })),
  broken('postcopy.no-way-back', 'takes a source for revivable that has gone over to post-copy', () => {
    let gone = false
    return {
      perform:
        (next) =>
        async (...words) => {
          const performed = await next(...words)
          gone = performed.postCopy === true
          return performed
        },
      'source.inspect':
        (next) =>
        async (...words) => {
          const state = await next(...words)
          return gone ? { ...state, revivable: true } : state
        },
    }
  }),
  broken('postcopy.drained', 'does not wait for the rest of the pages', () => ({
    drain: () => async () => {},
  })),
]
