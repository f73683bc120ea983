import { systemRandom } from '@vmferry/core'
import {
  type ChosenRequest,
  type Dial,
  type DriverConnection,
  type EffectOptions,
  type Incoming,
  type MigrationId,
  type Offer,
  type Outgoing,
  type Performed,
  type Progress,
  vmError,
} from '@vmferry/core/driver'
import type { Bench, Wish } from './bench.ts'
import { throughJson } from './json-copy.ts'
import { checked, receiver, sender } from './surveys.ts'

/** A migration that has begun, driven by the kit in the place of core. */
export interface Begun {
  readonly bench: Bench
  readonly id: MigrationId
  readonly request: ChosenRequest
  readonly outgoing: Outgoing
  /** Options of a call with an effect that nobody interrupts. */
  effect(changes?: Partial<EffectOptions>): EffectOptions
}

export interface Prepared extends Begun {
  readonly incoming: Incoming
}

export interface Arrived extends Prepared {
  readonly performed: Performed
}

/** Options of calls for one migration. */
export function effects(bench: Bench): Pick<Begun, 'id' | 'effect'> {
  const id = newId()
  const permit = async (): Promise<void> => {}
  return { id, effect: (changes = {}) => ({ ...bench.call(), migration: id, epoch: 1, permit, ...changes }) }
}

export async function begin(
  bench: Bench,
  wish: Wish = {},
  from: DriverConnection = bench.source,
): Promise<Begun> {
  const { offer, request } = await checked(bench, wish)
  const { id, effect } = effects(bench)
  const outgoing = await sender(from).begin(offer, request, effect())
  return { bench, id, request, outgoing, effect }
}

export async function prepare(begun: Begun): Promise<Prepared> {
  const { bench, outgoing, request, effect } = begun
  const offer: Offer = throughJson(outgoing.offer)
  return { ...begun, incoming: await receiver(bench.target).prepare(offer, request, effect()) }
}

export async function perform(prepared: Prepared, onProgress: Listener | null = UNHEARD): Promise<Arrived> {
  const { outgoing, incoming, effect } = prepared
  const call = effect(onProgress ? { onProgress } : {})
  const performed = await outgoing.perform(throughJson(incoming.ticket), dialOf(prepared), call)
  return { ...prepared, performed }
}

/** Whoever listens to the progress. */
export type Listener = (event: Progress) => void

/** A listener to whom nothing matters. */
export const UNHEARD: Listener = () => {}

/** The way in through the controller. */
export function dialOf({ incoming, effect }: Prepared): Dial {
  return async (endpoint: string) => {
    if (!incoming.dial) throw vmError('VM_UNSUPPORTED', 'the target has no `dial`')
    return incoming.dial(endpoint, effect())
  }
}

export async function ready<T extends Prepared>(arrived: T): Promise<T> {
  await arrived.incoming.ready?.(arrived.effect())
  return arrived
}

export async function handOver<T extends Prepared>(arrived: T): Promise<T> {
  await arrived.outgoing.handOver?.(arrived.effect())
  return arrived
}

export async function finish<T extends Prepared>(arrived: T): Promise<T> {
  await arrived.incoming.finish(arrived.effect())
  return arrived
}

export async function confirm<T extends Begun>(begun: T): Promise<T> {
  await begun.outgoing.confirm(begun.effect())
  return begun
}

/** The target first, as core does it, so that it lets go of the disks. */
export async function abort(begun: Begun | Prepared): Promise<void> {
  if ('incoming' in begun) await begun.incoming.abort('the kit asks for it', begun.effect())
  await begun.outgoing.abort('the kit asks for it', begun.effect())
}

/** The ways to each stop on the line, in their order. */
export const arrived = async (bench: Bench, wish?: Wish): Promise<Arrived> =>
  perform(await prepare(await begin(bench, wish)))
export const loaded = async (bench: Bench, wish?: Wish): Promise<Arrived> => ready(await arrived(bench, wish))
export const handed = async (bench: Bench, wish?: Wish): Promise<Arrived> =>
  handOver(await loaded(bench, wish))
export const finished = async (bench: Bench, wish?: Wish): Promise<Arrived> =>
  finish(await handed(bench, wish))
export const confirmed = async (bench: Bench, wish?: Wish): Promise<Arrived> =>
  confirm(await finished(bench, wish))

function newId(): MigrationId {
  return `m-${Buffer.from(systemRandom.bytes(8)).toString('hex')}`
}
