import { type ConnectionUri, type DriverConnection, vmError } from '@vmferry/core/driver'
import type { AcmeHost } from './acme-hypervisor.ts'
import { ACME_CAPABILITIES } from './capabilities.ts'
import { domainOf, guestNamed } from './domain.ts'

/** An open connection to one host. */
export function connectAcme(uri: ConnectionUri, host: AcmeHost): DriverConnection {
  let closed = false

  /** The host, as long as the connection is open. */
  const reached = (): AcmeHost => {
    if (closed) throw vmError('VM_CONNECTION', `the connection ${uri.text} is closed`, { host: host.name })
    return host
  }

  const connection: DriverConnection = {
    uri,
    capabilities: ACME_CAPABILITIES,
    hostId: host.id,
    hypervisor: 'acme 1.0',
    domains: async () => [...reached().guests.values()].map(domainOf),
    domain: async (name) => domainOf(guestNamed(reached(), name)),
    async claim(domain, epoch) {
      const { epochs, name } = reached()
      const held = epochs.get(domain) ?? 0
      if (epoch <= held)
        throw vmError('VM_STALE', `${name} holds epoch ${held} of '${domain}', not lower than ${epoch}`, {
          host: name,
          epoch: held,
          remedy: 'another controller has taken over: look at the domain first',
        })
      epochs.set(domain, epoch)
      return { domain, epoch }
    },
    async migrations() {
      reached()
      return []
    },
    async close() {
      closed = true
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
  return connection
}
