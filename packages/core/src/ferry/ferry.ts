import {
  type Clock,
  type Driver,
  type HostProvider,
  type Logger,
  type Random,
  vmError,
} from '../driver/index.ts'
import { parseConnectionUri } from '../edge/uri.ts'
import type { Connection } from './connection.ts'
import type { FerryParts } from './ferry-parts.ts'
import { type Journal, memoryJournal } from './journal.ts'
import { openConnection } from './open-connection.ts'
import { type LazyDriver, registry } from './registry.ts'
import { systemClock, systemRandom } from './system-clock.ts'

/** What a ferry is made of. */
export interface FerryOptions {
  readonly drivers: readonly (Driver | LazyDriver)[]
  /** How hosts are reached: `local()` and `ssh()` of `@vmferry/host`. Default: none, for drivers that need no host. */
  readonly hosts?: readonly HostProvider[]
  /** Default: one that is forgotten with the process. */
  readonly journal?: Journal
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: the platform's cryptographic generator. */
  readonly random?: Random
  /** Default: silence. */
  readonly log?: Logger
}

/** Moves domains between the connections that it opens. */
export interface Ferry extends AsyncDisposable {
  /** Connects to the host that a connection URI names: `qemu+ssh://root@alpha/system`. */
  connect(uri: string, options?: { readonly signal?: AbortSignal }): Promise<Connection>
  /** Waits for migrations to settle, then closes all connections. Idempotent. */
  close(): Promise<void>
}

/** Makes a ferry. VM_INVALID or VM_UNSUPPORTED for drivers that this core cannot use. */
export function createFerry(options: FerryOptions): Ferry {
  const known = registry(options.drivers, options.hosts ?? [])
  const parts: FerryParts = {
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    log: options.log ?? SILENCE,
    journal: options.journal ?? memoryJournal(),
    ends: new Map(),
  }
  let closed = false

  const ferry: Ferry = {
    async connect(text, { signal = new AbortController().signal } = {}) {
      if (closed) throw vmError('VM_CONNECTION', 'this ferry is closed')
      const uri = parseConnectionUri(text)
      const driver = await known.driverFor(uri)
      return openConnection(parts, driver, uri, () => known.providerFor(uri), signal)
    },
    async close() {
      closed = true
      await Promise.all([...parts.ends.keys()].map((connection) => connection.close()))
    },
    [Symbol.asyncDispose]: () => ferry.close(),
  }
  return ferry
}

const SILENCE: Logger = { debug() {}, info() {}, warn() {}, error() {} }
