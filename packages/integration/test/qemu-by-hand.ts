import { type Progress, parseConnectionUri, systemClock, systemRandom } from '@vmferry/core'
import type {
  DriverConnection,
  EffectOptions,
  Incoming,
  MigrationRequest,
  Outgoing,
  Ticket,
} from '@vmferry/core/driver'
import { qemu } from '@vmferry/driver-qemu'
import { local } from '@vmferry/host'
import { onTestFinished } from 'vitest'

/** Options of a call that nobody interrupts. */
export const call: { readonly signal: AbortSignal } = { signal: new AbortController().signal }

/** Options of a call with an effect, under some epoch. */
export function effect(epoch: number, more: Partial<EffectOptions> = {}): EffectOptions {
  return { ...call, migration: 'm-by-hand', epoch, permit: async () => {}, ...more }
}

/** A connection of the driver itself, as another controller would have it; closed with the test. */
export async function driverAt(text: string): Promise<DriverConnection> {
  const uri = parseConnectionUri(text)
  const ports = {
    clock: systemClock,
    random: systemRandom,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    openHost: (inner: typeof call) => local().open(uri, inner),
  }
  const connection = await qemu().connect(uri, ports, call)
  onTestFinished(() => connection.close())
  return connection
}

/** A migration of `web1` that the test drives in the place of core. */
export interface ByHand {
  readonly source: DriverConnection
  readonly target: DriverConnection
  readonly outgoing: Outgoing
  readonly incoming: Incoming
  readonly seen: Progress[]
  perform(epoch?: number): Promise<void>
}

/** Begun and prepared under epoch 1. */
export async function prepared(
  here: string,
  there: string,
  wish: Partial<MigrationRequest> = {},
): Promise<ByHand> {
  const [source, target] = [await driverAt(here), await driverAt(there)]
  const request: MigrationRequest = {
    source: { uri: source.uri, hostId: source.hostId },
    target: { uri: target.uri, hostId: target.hostId },
    live: true,
    bandwidth: 0,
    rename: null,
    uri: null,
    paused: false,
    maxDowntime: null,
    autoConverge: false,
    postCopy: false,
    copyStorage: false,
    abortOnError: false,
    connections: 1,
    ...wish,
  }
  const draft = (await source.source?.check('web1', request, effect(1)))?.offer
  if (!draft) throw new Error('no draft')
  const offer = throughJson(draft)
  const chosen = { ...request, transport: wish.uri?.transport ?? 'unix' }
  const outgoing = await source.source?.begin(offer, chosen, effect(1))
  if (!outgoing) throw new Error('no outgoing')
  const incoming = await target.target?.prepare(offer, chosen, effect(1))
  if (!incoming) throw new Error('no incoming')
  const ticket: Ticket = throughJson(incoming.ticket)
  const seen: Progress[] = []
  const perform = async (epoch = 1): Promise<void> => {
    const noRelay = () => Promise.reject(new Error('no relay'))
    await outgoing.perform(ticket, noRelay, effect(epoch, { onProgress: (event) => seen.push(event) }))
  }
  return { source, target, outgoing, incoming, seen, perform }
}

function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
