import {
  type CallOptions,
  type ConnectionUri,
  type DriverConnection,
  type HostChannel,
  type Random,
  vmError,
} from '@vmferry/core/driver'
import { claimDomain, fences, hostRecord } from '@vmferry/fence'
import { QEMU_CAPABILITIES } from './capabilities.ts'
import { domainOf } from './domain.ts'
import { runningQemus } from './facts/running.ts'
import { QEMU_VERBS } from './fence/verbs.ts'
import { keptAnswers } from './guest/kept-answers.ts'
import { guestNamed, listGuests, noGuest } from './guest/list.ts'
import { checkedRunDirectory, runDirectoryOf } from './guest/run-directory.ts'
import { qemuLifecycle } from './lifecycle.ts'
import { afterwards } from './migration/afterwards.ts'
import { lacksPages } from './migration/incoming.ts'
import type { QemuHost } from './qemu-host.ts'
import { qemuSource } from './source.ts'
import { qemuTarget } from './target.ts'
import { tlsDirectoryOf } from './tls/directory.ts'
import { trials } from './transport/trial.ts'

/** Tells, in one round trip, where a user's guests are kept and which QEMU is installed. */
const GREET = `
printf '%s\\n' "\${XDG_RUNTIME_DIR:-/tmp/vmferry-$(id -u)}/vmferry/qemu"
for q in "qemu-system-$(uname -m)" qemu-kvm /usr/libexec/qemu-kvm qemu-system-x86_64 qemu-system-aarch64; do
  command -v "$q" >/dev/null 2>&1 && exec "$q" --version
done
exit 0
`

/** Connects to the QEMU guests of a host. */
export async function connectQemu(
  uri: ConnectionUri,
  host: HostChannel,
  ports: Pick<QemuHost, 'clock' | 'log' | 'deadManLimit'> & { readonly random: Random },
  call: CallOptions,
): Promise<DriverConnection> {
  const given = runDirectoryOf(uri)
  const { stdout } = await host.exec(['sh', '-c', GREET, 'sh'], { ...call, leavesNobody: true })
  const [session = '', version = ''] = stdout.split('\n')
  const runDirectory = given ?? checkedRunDirectory(session, uri)
  const at: QemuHost = {
    uri,
    host,
    tlsDirectory: tlsDirectoryOf(uri),
    runDirectory,
    qemus: runningQemus(),
    keptAnswers: keptAnswers(host, runDirectory),
    afterwards: afterwards(),
    trials: trials(host, ports.clock),
    fences: fences({ host, clock: ports.clock, runDirectory }, QEMU_VERBS),
    ...ports,
    newId: () => hex(ports.random.bytes(4)),
    newUuid: () => uuid4(ports.random.bytes(16)),
  }
  return connectionOf(at, version.trim() || null)
}

function connectionOf(at: QemuHost, hypervisor: string | null): DriverConnection {
  const { uri, host, runDirectory } = at
  let closed = false
  const open = <A extends unknown[], T>(ask: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      if (closed) throw vmError('VM_CONNECTION', `the connection ${uri.text} is closed`, { host: host.name })
      return ask(...args)
    }
  }
  const [source, target, lifecycle] = [qemuSource(at), qemuTarget(at), qemuLifecycle(at)]
  const connection: DriverConnection = {
    uri,
    capabilities: QEMU_CAPABILITIES,
    hostId: host.id,
    hypervisor,
    domains: open(async (call) => {
      const guests = await listGuests(host, runDirectory, call)
      const domains = await Promise.all(guests.map((guest) => domainOf(at, guest, call)))
      return domains.filter((domain) => domain !== null)
    }),
    domain: open(async (name, call) => {
      const guests = await listGuests(host, runDirectory, call)
      const guest = guestNamed(guests, name, host.name)
      const domain = await domainOf(at, guest, call)
      if (domain) return domain
      throw noGuest(
        guests.filter((other) => other !== guest),
        name,
        host.name,
      )
    }),
    claim: open((domain, epoch, call) => claimDomain(host, runDirectory, domain, epoch, call)),
    migrations: open(async (call) => {
      const guests = await listGuests(host, runDirectory, call)
      const records = guests.map(async (guest) => {
        const {
          definition: { name },
          outgoing,
          incoming,
        } = guest
        const incomplete = incoming !== null && (await lacksPages(at, guest, call))
        return [
          ...(outgoing ? [hostRecord('source', name, outgoing)] : []),
          ...(incoming
            ? [{ ...hostRecord('target', name, incoming), ...(incomplete && { incomplete }) }]
            : []),
        ]
      })
      return (await Promise.all(records)).flat()
    }),
    source: {
      check: open(source.check),
      measure: open(source.measure),
      begin: open(source.begin),
      recall: open(source.recall),
    },
    target: { check: open(target.check), prepare: open(target.prepare), recall: open(target.recall) },
    lifecycle: {
      start: open(lifecycle.start),
      adopt: open(lifecycle.adopt),
      stop: open(lifecycle.stop),
    },
    async close() {
      if (closed) return
      closed = true
      await at.afterwards.ended()
      await at.fences.end()
      await host.close()
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
  return connection
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function uuid4(bytes: Uint8Array): string {
  const tagged = bytes.map((byte, at) =>
    at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte,
  )
  return hex(tagged).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
