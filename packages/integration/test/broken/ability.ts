import { isVmError, type MigrationRequest, vmError } from '@vmferry/core/driver'
import { test } from '@vmferry/driver-test'
import { type BrokenDriver, broken, guestOn, recoded } from './broken-driver.ts'
import type { Tamper } from './tampered.ts'

/** A source that has understood another wish. */
const misunderstanding =
  (change: (request: MigrationRequest) => Partial<MigrationRequest>) => (): Tamper => ({
    'source.begin': (next) => (domain, request, call) =>
      next(domain, { ...request, ...change(request) }, call),
  })

/** A check that refuses some migration URIs. */
const refusing = (refused: (uri: NonNullable<MigrationRequest['uri']>) => boolean) => (): Tamper => ({
  'source.check':
    (next) =>
    async (...words) => {
      const [, { uri }] = words
      if (uri && refused(uri)) throw vmError('VM_UNSUPPORTED', `${uri.text} is not understood`)
      return next(...words)
    },
})

/** The wish without a migration URI that leads nowhere. */
const somewhere = <R extends MigrationRequest>(request: R): R =>
  request.uri?.host === 'nowhere.invalid' ? { ...request, uri: null } : request

export const brokenAbilities: readonly BrokenDriver[] = [
  broken(
    'live.runs',
    'stops the guest though it is to be live',
    misunderstanding(() => ({ live: false })),
    // post-copy is for guests that run
    (world) => test({ world, without: ['postCopy'] }),
  ),
  broken(
    'live.off',
    'lets the guest run though it is not to be live',
    misunderstanding(() => ({ live: true })),
  ),
  broken(
    'resource.obeyed',
    'ignores the bandwidth',
    misunderstanding(() => ({ bandwidth: 0 })),
  ),
  broken(
    'resource.whole',
    'takes the bandwidth for bits',
    misunderstanding(({ bandwidth }) => ({ bandwidth: bandwidth / 8 })),
  ),
  broken('resource.tuned', 'ignores a change of the bandwidth', () => ({
    tune:
      (next) =>
      ({ bandwidth: _bandwidth, ...change }, call) =>
        next(change, call),
  })),
  broken('live.suspended', 'ignores that the guest is to be suspended', () => ({
    tune:
      (next) =>
      ({ suspend: _suspend, ...change }, call) =>
        next(change, call),
  })),

  broken('rename.given', 'lies about the new name', () => ({
    domain: (next) => async (name, call) => {
      const found = await next(name, call)
      return name === 'web2' ? { ...found, name: 'web1' } : found
    },
  })),
  broken('rename.runs', 'pauses a guest that it has given a new name', ({ world }) => ({
    finish:
      (next, { host }) =>
      async (call) => {
        await next(call)
        const guest = guestOn(host, 'web2')
        if (guest) world.change(guest, 'paused')
      },
  })),
  broken('rename.kept', 'gives a guest a name that nobody asked for', () => ({
    domains:
      (next, { side }) =>
      async (call) => {
        const found = await next(call)
        return side === 'target'
          ? found.map((domain) => ({ ...domain, name: `${domain.name}-moved` }))
          : found
      },
  })),
  broken('rename.taken', 'speaks of a broken protocol when the new name is taken', () => ({
    'target.check':
      (next) =>
      async (...words) => {
        const survey = await next(...words)
        if (words[1].rename === null) return survey
        return { ...survey, findings: survey.findings.filter(({ error }) => error !== 'VM_EXISTS') }
      },
    'target.prepare':
      (next) =>
      (...words) =>
        words[1].rename === null ? next(...words) : recoded(next, 'VM_EXISTS', 'VM_PROTOCOL')(...words),
  })),

  broken(
    'uri.host',
    'does not understand a bare host',
    refusing(({ transport, host }) => transport === null && host === 'beta'),
  ),
  broken(
    'uri.transports',
    'does not understand a transport that it has declared',
    refusing(({ transport }) => transport === 'tcp'),
  ),
  broken('uri.nowhere', 'does not look at the host of a migration URI', () => ({
    'source.check': (next) => (domain, request, call) => next(domain, somewhere(request), call),
    'target.check': (next) => (offer, request, call) => next(offer, somewhere(request), call),
    'source.begin': (next) => (domain, request, call) => next(domain, somewhere(request), call),
    'target.prepare': (next) => (offer, request, call) => next(offer, somewhere(request), call),
  })),

  broken('paused.stays', 'runs a guest that arrived paused', ({ world }) => {
    let wasPaused = false
    let ran = false
    return {
      'source.check':
        (next) =>
        async (...words) => {
          const survey = await next(...words)
          wasPaused = survey.offer.runState === 'paused'
          return survey
        },
      finish:
        (next, { host }) =>
        async (call) => {
          await next(call)
          const guest = guestOn(host)
          if (!guest || !wasPaused) return
          world.change(guest, 'running')
          ran = true
        },
      domain: (next) => async (name, call) => {
        const found = await next(name, call)
        return ran ? { ...found, state: 'paused' } : found
      },
    }
  }),
  broken('paused.told', 'says of a guest that arrived paused that it runs', () => ({
    domain:
      (next, { side }) =>
      async (name, call) => {
        const found = await next(name, call)
        return side === 'target' && found.state === 'paused' ? { ...found, state: 'running' } : found
      },
  })),
  broken('paused.abort', 'runs a paused guest when it is aborted', ({ world }) => ({
    'source.abort':
      (next, { host }) =>
      async (reason, call) => {
        await next(reason, call)
        const guest = guestOn(host)
        if (guest?.state === 'paused') world.change(guest, 'running')
      },
  })),
  broken('paused.start-paused', 'runs a guest that is to be left paused', () => ({
    'target.prepare': (next) => (offer, request, call) => next(offer, { ...request, paused: false }, call),
  })),

  broken('refusal.begin-unknown', 'speaks of a broken protocol when there is nothing to begin', () => ({
    'source.begin': (next) => recoded(next, 'VM_NOT_FOUND', 'VM_PROTOCOL'),
  })),
  broken('refusal.begin-busy', 'begins a second migration of one guest', () => ({
    'source.begin':
      (next, { host }) =>
      (...words) => {
        const guest = guestOn(host)
        if (guest) guest.heldBy = null
        return next(...words)
      },
  })),
  broken('refusal.begin-changed', 'takes a guest as it is, whatever was offered', () => ({
    'source.begin':
      (next, { host }) =>
      (offer, request, call) => {
        const runState = guestOn(host)?.state === 'paused' ? 'paused' : 'running'
        return next({ ...offer, runState }, request, call)
      },
  })),
  broken('refusal.prepare-taken', 'speaks of a broken protocol when a guest has the name', () => ({
    'target.prepare':
      (next, { host }) =>
      (...words) =>
        guestOn(host)?.state === 'running'
          ? recoded(next, 'VM_EXISTS', 'VM_PROTOCOL')(...words)
          : next(...words),
  })),
  broken('refusal.prepare-clean', 'leaves the record of a prepare that it has refused', () => ({
    'target.prepare':
      (next, { host }) =>
      (offer, request, call) =>
        next(offer, request, call).catch((error: unknown) => {
          if (isVmError(error, 'VM_EXISTS')) {
            const { migration, epoch } = call
            const file = { role: 'target', migration, domain: offer.domain, offer, request, epoch } as const
            const state = {
              phase: 'prepare',
              ended: null,
              guest: null,
              missing: null,
              loaded: false,
              marked: false,
            } as const
            host.incoming.set(migration, { ...file, ...state })
          }
          throw error
        }),
  })),
  broken('refusal.prepare-twice', 'speaks of a broken protocol when a copy with the name is coming', () => ({
    'target.prepare':
      (next, { host }) =>
      (...words) =>
        guestOn(host)?.state === 'incoming'
          ? recoded(next, 'VM_EXISTS', 'VM_PROTOCOL')(...words)
          : next(...words),
  })),
  broken('refusal.target-dies', 'waits for a target that is gone until it times out', () => ({
    perform: (next) => recoded(next, 'VM_PHASE_FAILED', 'VM_TIMEOUT'),
  })),
  broken('refusal.target-dies-abort', 'leaves the guest stopped after a perform that failed', ({ world }) => {
    let failed = false
    return {
      perform:
        (next) =>
        (...words) =>
          next(...words).catch((error: unknown) => {
            failed = isVmError(error, 'VM_PHASE_FAILED')
            throw error
          }),
      'source.abort':
        (next, { host }) =>
        async (reason, call) => {
          await next(reason, call)
          const guest = guestOn(host)
          if (failed && guest) world.change(guest, 'stopped')
        },
    }
  }),
  broken('refusal.finish-incomplete', 'takes a finish for done that came too early', () => ({
    finish: (next) => (call) =>
      next(call).catch((error: unknown) => {
        if (!isVmError(error, 'VM_INVALID')) throw error
      }),
  })),
]
