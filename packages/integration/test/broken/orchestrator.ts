import {
  type Capabilities,
  type DriverConnection,
  type MigrationRequest,
  vmError,
} from '@vmferry/core/driver'
import { type BrokenDriver, broken, declaring } from './broken-driver.ts'
import type { Tamper } from './tampered.ts'

/** A connection that forgets its manifest once a domain was looked up. */
const forgetful =
  (wider: (capabilities: Capabilities) => Partial<Capabilities>, also: Tamper = {}) =>
  (): Tamper => {
    let asked = false
    return {
      ...also,
      connect:
        (next) =>
        async (...words): Promise<DriverConnection> => {
          const connection = await next(...words)
          const { capabilities } = connection
          return Object.defineProperty(connection, 'capabilities', {
            get: () => (asked ? { ...capabilities, ...wider(capabilities) } : capabilities),
          })
        },
      domain:
        (next) =>
        (...words) => {
          asked = true
          return next(...words)
        },
    }
  }

/** The wish without a migration URI by pigeon. */
const grounded = <R extends MigrationRequest>(request: R): R =>
  request.uri?.transport === 'pigeon' ? { ...request, uri: null } : request

export const brokenForOrchestrator: readonly BrokenDriver[] = [
  broken('orchestrator.moves', 'takes no epoch of more than 29 bits', () => ({
    claim:
      (next) =>
      async (...words) => {
        const [, epoch] = words
        if (epoch >= 2 ** 29) throw vmError('VM_INVALID', `the epoch ${epoch} is too large`)
        return next(...words)
      },
  })),
  broken(
    'orchestrator.denies',
    'claims later what its manifest denies',
    forgetful(() => ({ live: true, resource: true, domainRename: true })),
    declaring({ live: false, resource: false, domainRename: false }),
  ),
  broken(
    'orchestrator.transport',
    'claims later each transport that there is',
    forgetful(({ uriTransports }) => ({ uriTransports: [...uriTransports, 'pigeon'] }), {
      'source.check': (next) => (domain, request, call) => next(domain, grounded(request), call),
      'target.check': (next) => (offer, request, call) => next(offer, grounded(request), call),
      'source.begin': (next) => (domain, request, call) => next(domain, grounded(request), call),
      'target.prepare': (next) => (offer, request, call) => next(offer, grounded(request), call),
    }),
  ),
]
