import { type BrokenDriver, briefly, broken, guestOn, recoded } from './broken-driver.ts'

export const brokenChecks: readonly BrokenDriver[] = [
  broken('check.no-effect', 'files that it was looked at', () => ({
    'target.check':
      (next, { host }) =>
      (...words) => {
        host.epochs.set('looked at', 1)
        return next(...words)
      },
    'target.prepare':
      (next, { host }) =>
      (...words) => {
        host.epochs.delete('looked at')
        return next(...words)
      },
  })),
  broken('check.no-effect', 'stops the guest to look at it', (scene) => ({
    'target.check':
      (next) =>
      async (...words) => {
        const survey = await next(...words)
        const [, { rename, uri }] = words
        if (rename === null && uri === null) briefly(scene, 'alpha', 'paused')
        return survey
      },
  })),
  broken('check.digest', 'has another digest each time', () => {
    let count = 0
    return {
      'source.check':
        (next) =>
        async (...words) => {
          count += 1
          return { ...(await next(...words)), digest: `d${count}` }
        },
    }
  }),
  broken('check.epoch', 'tells an epoch that it has made up', () => ({
    'target.check':
      (next) =>
      async (...words) => ({ ...(await next(...words)), epoch: 3 }),
  })),
  broken('check.json', 'has more in its survey than JSON can hold', () => ({
    'source.check':
      (next) =>
      async (...words) => ({ ...(await next(...words)), hint: undefined }),
  })),
  broken('check.offer', 'forgets the uuid in the draft of its offer', () => ({
    'source.check':
      (next) =>
      async (...words) => {
        const survey = await next(...words)
        return { ...survey, offer: { ...survey.offer, uuid: null } }
      },
    'source.begin':
      (next, { host }) =>
      (offer, request, call) =>
        next({ ...offer, uuid: guestOn(host, offer.domain)?.uuid ?? null }, request, call),
  })),
  broken('check.transports', 'offers a transport that it has not declared', () => ({
    'target.check':
      (next) =>
      async (...words) => {
        const survey = await next(...words)
        return { ...survey, transports: [...survey.transports, { name: 'pigeon', why: 'it flies' }] }
      },
  })),
  broken('check.measure', 'files that it was measured', () => ({
    'source.measure':
      (next, { host }) =>
      (...words) => {
        host.epochs.set('measured', 1)
        return next(...words)
      },
  })),
  broken('check.measure', 'does not say why it measured no link', () => ({
    'source.measure':
      (next) =>
      async (...words) => ({ ...(await next(...words)), linkBytesPerSecond: null }),
  })),
  broken('check.unknown', 'speaks of a broken protocol when there is nothing to check', () => ({
    'source.check': (next) => recoded(next, 'VM_NOT_FOUND', 'VM_PROTOCOL'),
  })),
  broken('check.busy', 'does not see that another migration holds the guest', () => ({
    'source.check':
      (next, { host }) =>
      async (...words) => {
        const guest = guestOn(host)
        const { heldBy = null } = guest ?? {}
        if (guest) guest.heldBy = null
        try {
          return await next(...words)
        } finally {
          if (guest) guest.heldBy = heldBy
        }
      },
  })),
  broken('check.name-taken', 'does not see that the name is taken', () => ({
    'target.check':
      (next) =>
      async (...words) => {
        const survey = await next(...words)
        return { ...survey, findings: survey.findings.filter(({ error }) => error !== 'VM_EXISTS') }
      },
  })),
]
