import { vmError } from '@vmferry/core/driver'
import { type BrokenDriver, broken } from './broken-driver.ts'

export const brokenConnections: readonly BrokenDriver[] = [
  broken('connection.close-twice', 'cannot close twice', () => ({
    close(next) {
      let closed = false
      return async () => {
        if (closed) throw new Error('it is closed already')
        closed = true
        return next()
      }
    },
  })),
  broken('connection.disposes', 'does not close when it is disposed of', () => ({
    connect:
      (next) =>
      async (...words) => ({ ...(await next(...words)), [Symbol.asyncDispose]: async () => {} }),
  })),
  broken('connection.closed', 'lists no migrations over a closed connection, as if there were none', () => ({
    migrations: (next) => (call) => next(call).catch(() => []),
  })),
  broken('connection.host-id', 'has another host id for each connection', () => {
    let count = 0
    return {
      connect:
        (next) =>
        async (...words) => {
          const connection = await next(...words)
          if (words[0].path === '/alpha') count += 1
          return count > 1 && words[0].path === '/alpha'
            ? { ...connection, hostId: `${connection.hostId}-${count}` }
            : connection
        },
    }
  }),
  broken('connection.uri', 'overlooks parameters that it does not know', () => ({
    connect:
      (next) =>
      (uri, ...words) =>
        next({ ...uri, query: {} }, ...words),
  })),
  broken('connection.timers', 'leaks a timer', () => ({
    connect:
      (next) =>
      (uri, context, ...words) => {
        context.clock.schedule(3_600_000, () => {})
        return next(uri, context, ...words)
      },
  })),

  broken('domain.empty', 'lists a domain that is not there', () => ({
    domains: (next) => async (call) => {
      const found = await next(call)
      const ghost = { name: 'ghost', uuid: null, state: 'off', memoryBytes: null } as const
      return found.length > 0 ? found : [ghost]
    },
  })),
  broken('domain.listed', 'says of a running guest that it is paused', () => {
    const wrong = <T extends { readonly state: string }>(domain: T) =>
      domain.state === 'running' ? { ...domain, state: 'paused' as const } : domain
    return {
      domains:
        (next, { side }) =>
        async (call) => {
          const found = await next(call)
          return side === 'source' ? found.map(wrong) : found
        },
      domain:
        (next, { side }) =>
        async (name, call) => {
          const found = await next(name, call)
          return side === 'source' ? wrong(found) : found
        },
    }
  }),
  broken('domain.lookup', 'does not know the memory of a domain that it looks up', () => ({
    domain: (next) => async (name, call) => ({ ...(await next(name, call)), memoryBytes: null }),
  })),
  broken('domain.unknown', 'speaks of a broken protocol when there is no such domain', () => ({
    domain: (next) => async (name, call) => {
      if (name === 'nobody') throw vmError('VM_PROTOCOL', 'unexpected answer')
      return next(name, call)
    },
  })),
  broken('domain.paused', 'says of a paused guest that it runs', () => {
    let begun = false
    return {
      'source.begin':
        (next) =>
        (...words) => {
          begun = true
          return next(...words)
        },
      domain: (next) => async (name, call) => {
        const found = await next(name, call)
        return found.state === 'paused' && !begun ? { ...found, state: 'running' } : found
      },
    }
  }),
]
