import { type BrokenDriver, briefly, broken, guestOn } from './broken-driver.ts'

export const brokenPhases: readonly BrokenDriver[] = [
  broken('phase.begin-undisturbed', 'stops the guest in begin', (scene) => ({
    'source.begin':
      (next) =>
      async (...words) => {
        const outgoing = await next(...words)
        briefly(scene, 'alpha', 'paused')
        return outgoing
      },
  })),
  broken('phase.offer-json', 'has more in its offer than JSON can hold', () => ({
    'source.begin':
      (next) =>
      async (...words) => {
        const outgoing = await next(...words)
        const offer = { ...outgoing.offer, hint: undefined }
        return { ...outgoing, offer }
      },
  })),
  broken('phase.prepare-waits', 'runs the target in prepare', (scene) => ({
    'target.prepare':
      (next) =>
      async (...words) => {
        const incoming = await next(...words)
        briefly(scene, 'beta', 'running')
        return incoming
      },
  })),
  broken('phase.ticket-json', 'has more in its ticket than JSON can hold', () => ({
    'target.prepare':
      (next) =>
      async (...words) => {
        const incoming = await next(...words)
        return { ...incoming, ticket: { ...incoming.ticket, hint: undefined } }
      },
  })),
  broken('phase.ticket-transport', 'writes a ticket for another transport', () => ({
    'target.prepare':
      (next) =>
      async (...words) => {
        const incoming = await next(...words)
        return { ...incoming, ticket: { ...incoming.ticket, transport: 'pigeon' } }
      },
  })),
  broken('phase.perform-stops', 'lets the source run on after perform', (scene) => ({
    perform:
      (next) =>
      async (...words) => {
        const performed = await next(...words)
        briefly(scene, 'alpha', 'running')
        return performed
      },
  })),
  broken('phase.perform-waits', 'runs the target before finish', (scene) => ({
    perform:
      (next) =>
      async (...words) => {
        const performed = await next(...words)
        briefly(scene, 'beta', 'running')
        return performed
      },
  })),
  broken('phase.figures', 'does not count what it sends', () => ({
    perform:
      (next) =>
      async (...words) => ({ ...(await next(...words)), bytes: 0 }),
  })),
  broken('phase.ready-waits', 'runs the target when it is ready', (scene) => ({
    ready: (next) => async (call) => {
      await next(call)
      briefly(scene, 'beta', 'running')
    },
  })),
  broken('phase.hand-over-waits', 'runs the target at hand-over', (scene) => ({
    'hand-over': (next) => async (call) => {
      await next(call)
      briefly(scene, 'beta', 'running')
    },
  })),
  broken('phase.hand-over-stops', 'runs the source again at hand-over', (scene) => ({
    'hand-over': (next) => async (call) => {
      await next(call)
      briefly(scene, 'alpha', 'running')
    },
  })),
  broken('phase.finish-runs', 'runs the source too at finish', (scene) => ({
    finish: (next) => async (call) => {
      await next(call)
      briefly(scene, 'alpha', 'running')
    },
  })),
  broken('phase.finish-twice', 'pauses the guest when it is finished twice', ({ world }) => ({
    finish(next, { host }) {
      let count = 0
      return async (call) => {
        await next(call)
        count += 1
        const guest = guestOn(host)
        if (count > 1 && guest) world.change(guest, 'paused')
      }
    },
  })),
  broken('phase.confirm-twice', 'cannot be confirmed twice', () => ({
    confirm(next) {
      let confirmed = false
      return async (call) => {
        if (confirmed) throw new Error('it is confirmed already')
        confirmed = true
        return next(call)
      }
    },
  })),
]
