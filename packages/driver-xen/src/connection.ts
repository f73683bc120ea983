import { type CallOptions, type DriverConnection, vmError } from '@vmferry/core/driver'
import { claimDomain, hostRecord } from '@vmferry/fence'
import { XEN_CAPABILITIES } from './capabilities.ts'
import { domainsIn } from './domain.ts'
import { noDomain } from './facts/source.ts'
import { lookAt } from './guest/list.ts'
import { xenLifecycle } from './lifecycle.ts'
import { xenSource } from './source.ts'
import { xenTarget } from './target.ts'
import type { XenHost } from './xen-host.ts'
import { WITH_XL } from './xl/shell.ts'

/** Tells which Xen runs there; nothing without Xen or without xl. */
const GREET = `
${WITH_XL}
command -v xl >/dev/null 2>&1 && timeout 20 xl info xen_version 2>/dev/null
exit 0
`

/** Connects to the Xen guests of a host. */
export async function connectXen(at: XenHost, call: CallOptions): Promise<DriverConnection> {
  const { stdout } = await at.host.exec(['sh', '-c', GREET], call)
  const version = /^\d+\.\S+$/.exec(stdout.trim())?.[0]
  return connectionOf(at, version === undefined ? null : `Xen ${version}`)
}

function connectionOf(at: XenHost, hypervisor: string | null): DriverConnection {
  const { uri, host, runDirectory } = at
  let closed = false
  const open = <A extends unknown[], T>(ask: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      if (closed) throw vmError('VM_CONNECTION', `the connection ${uri.text} is closed`, { host: host.name })
      return ask(...args)
    }
  }
  const [source, target, lifecycle] = [xenSource(at), xenTarget(at), xenLifecycle(at)]
  const domains = async (call: CallOptions) => domainsIn(await lookAt(host, runDirectory, call))
  const connection: DriverConnection = {
    uri,
    capabilities: XEN_CAPABILITIES,
    hostId: host.id,
    hypervisor,
    domains: open(domains),
    domain: open(async (name, call) => {
      const all = await domains(call)
      const found = all.filter((domain) => domain.name === name)
      const domain = found.find(({ state }) => state !== 'incoming') ?? found[0]
      if (domain) return domain
      throw noDomain(all, name, host.name)
    }),
    claim: open((domain, epoch, call) => claimDomain(host, runDirectory, domain, epoch, call)),
    migrations: open(async (call) => {
      const { halves } = await lookAt(host, runDirectory, call)
      return halves.map(({ role, name, file }) => hostRecord(role, name, file))
    }),
    source: { check: open(source.check), begin: open(source.begin), recall: open(source.recall) },
    target: { check: open(target.check), prepare: open(target.prepare), recall: open(target.recall) },
    lifecycle: { start: open(lifecycle.start), stop: open(lifecycle.stop) },
    async close() {
      if (closed) return
      closed = true
      await at.fences.end()
      await host.close()
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
  return connection
}
