import {
  type ChosenRequest,
  type ConnectionUri,
  type DriverConnection,
  type DriverContext,
  type EffectOptions,
  type Incoming,
  isVmError,
  type MigrationSource,
  type MigrationTarget,
  type Offer,
  type Outgoing,
  type Performed,
  type Progress,
  type VmError,
} from '@vmferry/core/driver'
import {
  createWorld,
  type TestOptions,
  test as testDriver,
  type World,
  type WorldOptions,
} from '../src/index.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'

/** Two hosts of one world, `default` and `beta`, each with a connection. */
export interface TwoHosts {
  readonly world: World
  readonly clock: FakeClock
  readonly here: Sender
  readonly there: Receiver
  /** All progress that was told. */
  readonly progress: Progress[]
  /** A call of migration m-1 under epoch 1. */
  readonly call: EffectOptions
  request(wishes?: Partial<ChosenRequest>): ChosenRequest
  uuid(): string
}

type Sender = DriverConnection & { readonly source: MigrationSource }
type Receiver = DriverConnection & { readonly target: MigrationTarget }

export async function twoHosts(options: WorldOptions = {}, lesser: TestOptions = {}): Promise<TwoHosts> {
  const clock = fakeClock()
  const world = createWorld(options)
  const driver = testDriver({ ...lesser, world })
  const progress: Progress[] = []
  const call = { ...callOf('m-1', 1), onProgress: (event: Progress) => progress.push(event) }
  const here = await driver.connect(uriOf('default'), contextOf(clock), call)
  const there = await driver.connect(uriOf('beta'), contextOf(clock), call)
  return {
    world,
    clock,
    here: here as Sender,
    there: there as Receiver,
    progress,
    call,
    request: (wishes) => requestOf(here, there, wishes),
    uuid: () =>
      world.host('default').guests.get('web1')?.uuid ?? world.host('beta').guests.get('web1')?.uuid ?? '',
  }
}

export function uriOf(host: string, query: Record<string, string> = {}): ConnectionUri {
  const parts = {
    driver: 'test',
    transport: null,
    user: null,
    host: null,
    port: null,
    path: `/${host}`,
    query,
  }
  const words = Object.entries(query).map(([key, value]) => `${key}=${value}`)
  return { ...parts, text: `test:///${host}${words.length > 0 ? `?${words.join('&')}` : ''}` }
}

let connections = 0

export function contextOf(clock: FakeClock): DriverContext {
  const silence = (): void => {}
  return {
    openHost: () => Promise.reject(new Error('a world has its own hosts')),
    log: { debug: silence, info: silence, warn: silence, error: silence },
    clock,
    random: { bytes: (length) => new Uint8Array(length).fill((connections += 1)) },
  }
}

export function callOf(migration: string, epoch: number, signal?: AbortSignal): EffectOptions {
  return { signal: signal ?? new AbortController().signal, migration, epoch, permit: () => Promise.resolve() }
}

export function requestOf(
  here: DriverConnection,
  there: DriverConnection,
  wishes: Partial<ChosenRequest> = {},
): ChosenRequest {
  return {
    source: { uri: here.uri, hostId: here.hostId },
    target: { uri: there.uri, hostId: there.hostId },
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
    transport: 'memory',
    ...wishes,
  }
}

/** The draft of the offer of `web1`. */
export async function offered({ here, request, call }: TwoHosts): Promise<Offer> {
  return (await here.source.check('web1', request(), call)).offer
}

/** A migration of `web1` that has begun. */
export async function begin(
  source: MigrationSource,
  request: ChosenRequest,
  call: EffectOptions,
): Promise<Outgoing> {
  const { offer } = await source.check('web1', request, call)
  return source.begin(offer, request, call)
}

/** Both halves of a migration of `web1` that is ready to perform. */
export async function begun(
  at: TwoHosts,
  wishes?: Partial<ChosenRequest>,
): Promise<{ readonly outgoing: Outgoing; readonly incoming: Incoming }> {
  const outgoing = await begin(at.here.source, at.request(wishes), at.call)
  const incoming = await at.there.target.prepare(outgoing.offer, at.request(wishes), at.call)
  return { outgoing, incoming }
}

/** Performs, while the clock runs as far as it must. */
export function performed(at: TwoHosts, outgoing: Outgoing, incoming: Incoming): Promise<Performed> {
  return at.clock.until(performing(at, outgoing, incoming))
}

/** Performs by the clock's own time. */
export function performing(
  { call }: TwoHosts,
  outgoing: Outgoing,
  incoming: Incoming,
  signal: AbortSignal = call.signal,
): Promise<Performed> {
  const dial = (): Promise<never> => Promise.reject(new Error('nothing to dial'))
  const work = outgoing.perform(incoming.ticket, dial, { ...call, signal })
  work.catch(() => {})
  return work
}

/** The error that a promise rejects with; fails if it does not, or with something else. */
export async function refusal(work: Promise<unknown>): Promise<VmError> {
  const outcome = await work.then(
    () => 'it resolved',
    (error: unknown) => error,
  )
  if (isVmError(outcome)) return outcome
  throw new Error(`no VmError but ${String(outcome)}`)
}
