import {
  type ChosenRequest,
  type EffectOptions,
  type Offer,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import type { Fence, MigrationFile, Step } from '@vmferry/fence'
import type { MigrationInfo } from '@vmferry/qmp'
import { tell } from '../fence/step.ts'
import type { GuestFolder } from '../guest/run-directory.ts'
import type { QemuHost } from '../qemu-host.ts'
import type { CopiedDisk } from '../storage/disks.ts'
import { serveOnPort, serverAt, servingSteps } from '../storage/serve.ts'
import { nameInCertificate, tlsHalf } from '../tls/half.ts'
import { TLS_CREDENTIALS, tlsSteps } from '../tls/steps.ts'
import { overNetwork } from '../transport/choose.ts'
import { channels, lacksParallel, receiving } from './capabilities.ts'

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
  const { fence, offer, request, disks } = of
  const { transport } = request
  if (request.connections > 1) {
    const [known] = await fence.ask([tell('query-migrate-capabilities')], call)
    if (lacksParallel(request, known)) throw unknownThere(at.host.name)
  }
  const secured = transport === 'tls' ? tlsSteps(tlsHalf(at, offer, 'server'), '') : []
  const steps = [
    tell('migrate-set-capabilities', { capabilities: receiving(request) }),
    ...(request.connections > 1 ? [tell('migrate-set-parameters', channels(request))] : []),
    ...secured,
  ]
  const endpoints = await (overNetwork(request) ? onPorts(at, of, steps, call) : onSockets(of, steps, call))
  const name = transport === 'tls' ? { name: await nameInCertificate(at, request, call) } : {}
  const sent = disks.length > 0 ? { disks: disks.map(({ id }) => id) } : {}
  return { transport, endpoints, cookie: { ...sent, ...name } }
}

type Endpoints = Ticket['endpoints']

/** On sockets of its host, to which a way leads. */
async function onSockets(
  { fence, folder, disks }: Listener,
  steps: readonly Step[],
  call: EffectOptions,
): Promise<Endpoints> {
  const [ram, nbd] = [folder.migrationSocket, folder.storageSocket]
  const listen = tell('migrate-incoming', { uri: `unix:${ram}` })
  if (disks.length === 0) {
    await fence.act([...steps, listen], call)
    return { ram }
  }
  await fence.act([...steps, serverAt(nbd), ...servingSteps(disks), listen], call)
  return { ram, nbd }
}

/** On ports of the address by which the source knows it: the one of the URI and the next for disks, or any. */
async function onPorts(
  at: QemuHost,
  { fence, offer, request, disks }: Listener,
  steps: readonly Step[],
  call: EffectOptions,
): Promise<Endpoints> {
  const address = addressIn(offer)
  const port = request.uri?.port ?? null
  const listen = tell('migrate-incoming', { uri: `tcp:${inUri(address)}:${port ?? 0}` })
  const listened = async (before: readonly Step[]): Promise<string> => {
    const answers = await fence.act([...before, listen, tell('query-migrate')], call)
    return `${inUri(address)}:${portIn(answers.at(-1) as MigrationInfo)}`
  }
  if (disks.length === 0) return { ram: await listened(steps) }
  await fence.act(steps, call)
  const credentials = request.transport === 'tls' ? TLS_CREDENTIALS : null
  const wanted = { host: address, port: port === null ? null : port + 1, credentials }
  const served = await serveOnPort(fence, wanted, () => Number.parseInt(at.newId(), 16), call)
  return { nbd: `${inUri(address)}:${served}`, ram: await listened(servingSteps(disks)) }
}

/** Where QEMU has listened, and is to listen again: post-copy whose link was lost. */
export function listenedAt(
  info: MigrationInfo,
  folder: GuestFolder,
  { request, offer }: MigrationFile,
): { readonly uri: string; readonly ticket: Ticket } {
  const transport = 'transport' in request ? String(request.transport) : (request.uri?.transport ?? 'unix')
  const tcp = overNetwork(request)
  const ram = tcp ? `${inUri(addressIn(offer))}:${portIn(info)}` : folder.migrationSocket
  return { uri: `${tcp ? 'tcp' : 'unix'}:${ram}`, ticket: { transport, endpoints: { ram } } }
}

/** What the host of the migration URI means at the source. */
function addressIn({ cookie }: Offer): string {
  const address = cookie?.['address']
  if (typeof address !== 'string')
    throw vmError('VM_PROTOCOL', 'the offer does not say on which address to listen')
  return address
}

function inUri(address: string): string {
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
