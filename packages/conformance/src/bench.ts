import { parseConnectionUri, parseMigrationUri, systemRandom } from '@vmferry/core'
import {
  type CallOptions,
  type Capabilities,
  type Clock,
  type ConformanceSetup,
  type ConformanceStage,
  type DriverConnection,
  type DriverContext,
  type HostProvider,
  type MigrationRequest,
  type Side,
  type StageLoan,
} from '@vmferry/core/driver'
import { type CountedClock, countedClock } from './counted-clock.ts'
import { hostsOf, type OpenHost } from './open-host.ts'

/** What a run of the kit is given beside the setup. */
export interface BenchParts {
  readonly setup: ConformanceSetup
  readonly hosts: readonly HostProvider[]
  readonly clock: Clock
}

/** A wish as a user has it, for {@link Bench.request}. Default: everything off, the best way. */
export type Wish = Partial<Omit<MigrationRequest, 'uri' | 'source' | 'target'>> & { readonly uri?: string }

/** Two hosts with a connection each: what one case works on. */
export interface Bench {
  readonly stage: ConformanceStage
  readonly hosts: readonly HostProvider[]
  /** The driver's time, which knows its open timers. */
  readonly clock: CountedClock
  readonly source: DriverConnection
  readonly target: DriverConnection
  /** What both ends can do. */
  readonly capabilities: Capabilities
  /** One more connection, as another controller would have it. Closed with the bench. */
  connect(side: Side): Promise<DriverConnection>
  /** A connection in the place of the bench's own, whose controller has gone. */
  takeOver(side: Side): Promise<DriverConnection>
  /** A connection to another URI. */
  connectTo(uri: string): Promise<DriverConnection>
  /** Options of a call that nobody interrupts. */
  call(): CallOptions
  /** A request as core would make it. */
  request(wish?: Wish): MigrationRequest
  /** A bench with other hosts, between which that transport works; null if the setup has none. */
  other(transport: string): Promise<Bench | null>
  close(): Promise<void>
}

/** Opens a stage and connects to both of its hosts; null if the setup has no hosts for that transport. */
export async function openBench(parts: BenchParts, transport: string | null = null): Promise<Bench | null> {
  const openHost = hostsOf(parts.hosts)
  const clock = countedClock(parts.clock)
  const join: StageLoan['connect'] = (driver, text, call) =>
    driver.connect(parseConnectionUri(text), contextOf(openHost, text, parts.clock), call)
  const stage = await parts.setup.stage({ transport, clock: parts.clock, openHost, connect: join })
  if (!stage) return null
  const call = (): CallOptions => ({ signal: new AbortController().signal })
  const closing: (() => Promise<void>)[] = [() => stage.close()]

  const connectTo = async (text: string): Promise<DriverConnection> => {
    const uri = parseConnectionUri(text)
    const connection = await stage.driver.connect(uri, contextOf(openHost, text, clock), call())
    closing.unshift(() => connection.close())
    return connection
  }
  const connect = (side: Side): Promise<DriverConnection> => connectTo(stage[side])
  const close = async (): Promise<void> => {
    for (const end of closing) await end().catch(() => {})
  }
  try {
    const source = await connect('source')
    const target = await connect('target')
    return {
      stage,
      hosts: parts.hosts,
      clock,
      source,
      target,
      capabilities: common(source.capabilities, target.capabilities),
      connect,
      connectTo,
      async takeOver(side) {
        await (side === 'source' ? source : target).close()
        return connect(side)
      },
      call,
      request: ({ uri, ...wish } = {}) => ({
        ...NOTHING,
        source: { uri: source.uri, hostId: source.hostId },
        target: { uri: target.uri, hostId: target.hostId },
        ...wish,
        uri: uri === undefined ? null : parseMigrationUri(uri),
      }),
      async other(wanted) {
        const bench = await openBench(parts, wanted)
        if (bench) closing.unshift(() => bench.close())
        return bench
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function contextOf(openHost: OpenHost, uri: string, clock: Clock): DriverContext {
  return { openHost: (call) => openHost(uri, call), log: SILENCE, clock, random: systemRandom }
}

const SILENCE = { debug() {}, info() {}, warn() {}, error() {} }

const NOTHING = {
  live: false,
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
} as const

/** A wish is taken only where both ends are able. */
function common(source: Capabilities, target: Capabilities): Capabilities {
  const both = (flag: 'live' | 'resource' | 'domainRename' | 'pausedGuests' | 'postCopy'): boolean =>
    source[flag] && target[flag]
  return {
    ...source,
    live: both('live'),
    resource: both('resource'),
    domainRename: both('domainRename'),
    pausedGuests: both('pausedGuests'),
    postCopy: both('postCopy'),
    uriTransports: source.uriTransports.filter((name) => target.uriTransports.includes(name)),
    streams: source.streams.filter((name) => target.streams.includes(name)),
  }
}
