import {
  type ChosenRequest,
  type EffectOptions,
  type Offer,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import type { Fence } from './fence.ts'
import { tell } from './fence-step.ts'
import { lacksParallel, parallelSteps } from './parallel.ts'
import type { GuestFolder } from './run-directory.ts'

/** A QEMU that is to listen. */
export interface Listener {
  /** Its host's name. */
  readonly host: string
  readonly fence: Fence
  readonly folder: GuestFolder
  readonly offer: Offer
  readonly request: ChosenRequest
}

/** Makes QEMU listen, and says where. */
export async function listening(of: Listener, call: EffectOptions): Promise<Ticket> {
  const { host, fence, folder, offer, request } = of
  if (request.connections > 1) {
    const [known] = await fence.ask([tell('query-migrate-capabilities')], call)
    if (lacksParallel(request, known)) throw unknownThere(host)
  }
  const events = tell('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] })
  await fence.act([events, ...parallelSteps(request)], call)
  const address = request.transport === 'tcp' ? addressIn(offer) : null
  const where = address ? `tcp:${address}:${request.uri?.port ?? 0}` : `unix:${folder.migrationSocket}`
  const listen = tell('migrate-incoming', { uri: where })
  const [, info] = await fence.act([listen, tell('query-migrate')], call)
  if (!address) return { transport: request.transport, endpoints: { ram: folder.migrationSocket } }
  const { 'socket-address': [bound] = [] } = info
  const port = bound && 'port' in bound ? bound.port : undefined
  if (!port) throw vmError('VM_PROTOCOL', 'QEMU does not say on which port it listens')
  return { transport: request.transport, endpoints: { ram: `${address}:${port}` } }
}

/** What the host of the migration URI means at the source. */
function addressIn({ cookie }: Offer): string {
  const address = cookie?.['address']
  if (typeof address !== 'string')
    throw vmError('VM_PROTOCOL', 'the offer does not say on which address to listen')
  return address.includes(':') ? `[${address}]` : address
}

function unknownThere(host: string): Error {
  return vmError('VM_PHASE_FAILED', `QEMU on ${host} knows no parallel connections`, {
    host,
    remedy: 'leave --connections out, or install a newer QEMU there',
  })
}
