import {
  type ChosenRequest,
  type EffectOptions,
  type Offer,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import { type Fence, type MigrationFile } from '@vmferry/fence'
import type { MigrationInfo } from '@vmferry/qmp'
import { tell } from '../fence/step.ts'
import type { GuestFolder } from '../guest/run-directory.ts'
import type { QemuHost } from '../qemu-host.ts'
import type { CopiedDisk } from '../storage/disks.ts'
import { servingSteps } from '../storage/serve.ts'
import { nameInCertificate, tlsHalf } from '../tls/half.ts'
import { tlsSteps } from '../tls/steps.ts'
import { overNetwork } from '../transport/choose.ts'
import { lacksParallel, parallelSteps } from './parallel.ts'
import { postCopySteps } from './post-copy.ts'

/** A QEMU that is to listen. */
export interface Listener {
  readonly fence: Fence
  readonly folder: GuestFolder
  readonly offer: Offer
  readonly request: ChosenRequest
  /** What is copied to images of this host. */
  readonly disks: readonly CopiedDisk[]
}

/** Makes QEMU listen, and says where. */
export async function listening(at: QemuHost, of: Listener, call: EffectOptions): Promise<Ticket> {
  const { fence, folder, offer, request, disks } = of
  const { transport } = request
  if (request.connections > 1) {
    const [known] = await fence.ask([tell('query-migrate-capabilities')], call)
    if (lacksParallel(request, known)) throw unknownThere(at.host.name)
  }
  const events = tell('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] })
  const secured = transport === 'tls' ? tlsSteps(tlsHalf(at, offer, 'server'), '') : []
  const images = servingSteps(disks, folder.storageSocket)
  const steps = [events, ...parallelSteps(request), ...postCopySteps(request), ...secured, ...images]
  if (!overNetwork(request)) {
    const ram = folder.migrationSocket
    await fence.act([...steps, tell('migrate-incoming', { uri: `unix:${ram}` })], call)
    if (disks.length === 0) return { transport, endpoints: { ram } }
    const cookie = { disks: disks.map(({ id }) => id) }
    return { transport, endpoints: { ram, nbd: folder.storageSocket }, cookie }
  }
  const address = addressIn(offer)
  const listen = tell('migrate-incoming', { uri: `tcp:${address}:${request.uri?.port ?? 0}` })
  const answers = await fence.act([...steps, listen, tell('query-migrate')], call)
  const endpoints = { ram: `${address}:${portIn(answers.at(-1) as MigrationInfo)}` }
  if (transport !== 'tls') return { transport, endpoints }
  return { transport, endpoints, cookie: { name: await nameInCertificate(at, request, call) } }
}

/** Where QEMU has listened, and is to listen again: post-copy whose link was lost. */
export function listenedAt(
  info: MigrationInfo,
  folder: GuestFolder,
  { request, offer }: MigrationFile,
): { readonly uri: string; readonly ticket: Ticket } {
  const transport = 'transport' in request ? String(request.transport) : (request.uri?.transport ?? 'unix')
  const tcp = overNetwork(request)
  const ram = tcp ? `${addressIn(offer)}:${portIn(info)}` : folder.migrationSocket
  return { uri: `${tcp ? 'tcp' : 'unix'}:${ram}`, ticket: { transport, endpoints: { ram } } }
}

/** What the host of the migration URI means at the source. */
function addressIn({ cookie }: Offer): string {
  const address = cookie?.['address']
  if (typeof address !== 'string')
    throw vmError('VM_PROTOCOL', 'the offer does not say on which address to listen')
  return address.includes(':') ? `[${address}]` : address
}

/** The one that was asked for, or that the kernel picked. */
function portIn({ 'socket-address': [bound] = [] }: MigrationInfo): string {
  const port = bound && 'port' in bound ? bound.port : undefined
  if (!port) throw vmError('VM_PROTOCOL', 'QEMU does not say on which port it listens')
  return port
}

function unknownThere(host: string): Error {
  return vmError('VM_PHASE_FAILED', `QEMU on ${host} knows no parallel connections`, {
    host,
    remedy: 'leave --connections out, or install a newer QEMU there',
  })
}
