import { type CopyState, isVmError, type Survey } from '@vmferry/core/driver'
import { type BrokenDriver, broken, recoded } from './broken-driver.ts'
import { fakeDirect } from './fake-direct.ts'
import type { Scene, Tamper } from './tampered.ts'

const brokenDirect = (caughtBy: string, fault: string, plan: (scene: Scene) => Tamper): BrokenDriver =>
  broken(caughtBy, fault, plan, fakeDirect)

/** A check that says something else. */
const saying = (change: (survey: Survey) => Partial<Survey>): Tamper => ({
  'direct.check':
    (next) =>
    async (...words) => {
      const survey = await next(...words)
      return { ...survey, ...change(survey) }
    },
})

export const brokenDirects: readonly BrokenDriver[] = [
  brokenDirect('direct.check', 'files that it was looked at', ({ world }) => {
    const { epochs } = world.host('alpha')
    return {
      'direct.check':
        (next) =>
        (...words) => {
          epochs.set('looked at', 1)
          return next(...words)
        },
      'direct.migrate':
        (next) =>
        (...words) => {
          epochs.delete('looked at')
          return next(...words)
        },
    }
  }),
  brokenDirect('direct.transports', 'offers a transport that it has not declared', () =>
    saying(({ transports }) => ({ transports: [...transports, { name: 'pigeon', why: 'it flies' }] })),
  ),
  brokenDirect('direct.unknown', 'speaks of a broken protocol when there is nothing to check', () => ({
    'direct.check': (next) => recoded(next, 'VM_NOT_FOUND', 'VM_PROTOCOL'),
  })),
  brokenDirect('direct.taken', 'does not say that the name is taken', () =>
    saying(({ findings }) => ({
      findings: findings.map((finding) => ({ ...finding, error: 'VM_PHASE_FAILED' })),
    })),
  ),
  brokenDirect('direct.inspect', 'does not know that it has moved a guest', () => ({
    'direct.inspect':
      (next) =>
      async (...words) => {
        const seen = await next(...words)
        const source: CopyState = { ...seen.source, run: 'stopped' }
        return seen.target.run === 'running' ? { ...seen, source } : seen
      },
  })),
  brokenDirect('direct.signal', 'migrates though it was cancelled', () => ({
    'direct.migrate': (next) => (domain, request, call) =>
      next(domain, request, call.signal.aborted ? { ...call, signal: new AbortController().signal } : call),
  })),
  brokenDirect('direct.cancel', 'does not know where a guest is that it was told to leave', () => {
    let cancelled = false
    return {
      'direct.migrate':
        (next) =>
        (...words) =>
          next(...words).catch((error: unknown) => {
            cancelled = isVmError(error, 'VM_ABORTED')
            throw error
          }),
      'direct.inspect':
        (next) =>
        async (...words) => {
          const seen = await next(...words)
          return cancelled ? { ...seen, target: { ...seen.target, run: 'unknown' } } : seen
        },
    }
  }),
]
