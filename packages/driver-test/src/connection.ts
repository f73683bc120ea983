import { type CallOptions, type ConnectionUri, type DriverConnection, vmError } from '@vmferry/core/driver'
import { claimDomain } from './claim.ts'
import { domainOf, guestNamed } from './domain.ts'
import { refuseUnanswered, visit } from './gate.ts'
import { testLifecycle } from './lifecycle.ts'
import { hostRecord } from './migration-file.ts'
import { openSession } from './session.ts'
import { testSource } from './source.ts'
import { testTarget } from './target.ts'
import type { TestHost } from './test-host.ts'

/** Connects to a host of a world. Rejects with VM_CONNECTION if the host is not reachable. */
export async function connectTest(
  uri: ConnectionUri,
  place: Omit<TestHost, 'session'>,
  call: CallOptions,
): Promise<DriverConnection> {
  const { host, capabilities } = place
  const session = openSession(capabilities.fencing)
  const at: TestHost = { ...place, session }
  await visit(at, { at: 'connect', side: null, domain: null }, call, () => {})
  host.sessions.add(session)

  /** Calls beside the migration meet no faults, but a host that answers. */
  const answered = <A extends unknown[], T>(ask: (...args: A) => Promise<T> | T) => {
    return async (...args: A): Promise<T> => {
      refuseUnanswered(at, { host: host.name })
      return ask(...args)
    }
  }
  const lifecycle = testLifecycle(at)
  const connection: DriverConnection = {
    uri,
    capabilities,
    hostId: host.id,
    hypervisor: 'vmferry test 1.0.0',
    domains: answered(() => [...host.guests.values()].map(domainOf)),
    domain: answered((name) => domainOf(guestNamed(host, name))),
    claim: (domain, epoch, options) =>
      visit(at, { at: 'claim', side: null, domain }, options, () => claimDomain(at, domain, epoch)),
    migrations: answered(() => [...host.outgoing.values(), ...host.incoming.values()].map(hostRecord)),
    source: testSource(at),
    target: testTarget(at),
    lifecycle: {
      start: answered((name, commandLine, options) => lifecycle.start(name, commandLine, options)),
      stop: answered((name, how, options) => lifecycle.stop(name, how, options)),
    },
    async close() {
      session.end(vmError('VM_CONNECTION', `the connection ${uri.text} is closed`, { host: host.name }))
      host.sessions.delete(session)
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
  return connection
}
