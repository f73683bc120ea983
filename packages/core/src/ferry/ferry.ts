import {
  type Capabilities,
  type Clock,
  type HostProvider,
  type Logger,
  type MigrationId,
  type Random,
  vmError,
} from '../driver/index.ts'
import { parseConnectionUri } from '../edge/uri.ts'
import { openInJournal } from '../migration/open-migration.ts'
import type { RecoverOptions, Recovery } from '../migration/recover.ts'
import type { Connection } from './connection.ts'
import type { ConnectionEnd } from './connection-end.ts'
import type { FerryParts } from './ferry-parts.ts'
import { type Journal, memoryJournal } from './journal.ts'
import { openConnection } from './open-connection.ts'
import { recoverAll } from './recover-all.ts'
import { registry } from './registry.ts'
import { systemClock, systemRandom } from './system-clock.ts'
import type { AnyDriver, ManifestAt, Manifests } from './wish.ts'

/** What a ferry is made of. */
export interface FerryOptions<D extends AnyDriver = AnyDriver> {
  readonly drivers: readonly D[]
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

/** Moves domains between the connections that it opens. `M` are the manifests of its drivers, by name. */
export interface Ferry<M extends Record<string, Capabilities> = Record<string, Capabilities>>
  extends AsyncDisposable {
  /**
   * Connects to the host that a connection URI names: `qemu+ssh://root@alpha/system`. A URI that is written out has the
   * type of its driver's connections; of a `string` nothing is known before run time.
   */
  connect<const U extends string>(
    uri: U,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Connection<ManifestAt<M, U>>>
  /**
   * Takes over what the journal says has not come to its end, because its controller was lost or a host did not answer:
   * that one migration, or all. Claims both hosts first, so that a controller that still lives is kept out. Back to the
   * source as long as nothing told the target to run, forward afterwards; where a host does not answer, nothing is
   * changed. May be called again. VM_NOT_FOUND for an id that the journal does not have open.
   */
  recover(id?: MigrationId, options?: RecoverOptions): Promise<readonly Recovery[]>
  /** Waits for migrations to settle, then closes all connections. Idempotent. */
  close(): Promise<void>
}

/** Makes a ferry. VM_INVALID or VM_UNSUPPORTED for drivers that this core cannot use. */
export function createFerry<D extends AnyDriver>(options: FerryOptions<D>): Ferry<Manifests<D>>
export function createFerry(options: FerryOptions): Ferry {
  const known = registry(options.drivers, options.hosts ?? [])
  const parts: FerryParts = {
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    log: options.log ?? SILENCE,
    journal: options.journal ?? memoryJournal(),
    ends: new Map(),
    running: new Set(),
    async connect(uri, signal) {
      const handle = await ferry.connect(uri, { signal })
      return parts.ends.get(handle) as ConnectionEnd
    },
  }
  let closed = false

  const ferry: Ferry = {
    async connect(text, { signal = new AbortController().signal } = {}) {
      if (closed) throw vmError('VM_CONNECTION', 'this ferry is closed')
      const uri = parseConnectionUri(text)
      const driver = await known.driverFor(uri)
      const opened = await openConnection(parts, driver, uri, () => known.providerFor(uri), signal)
      // its manifest is the driver's own, whichever one the type of the URI says
      return opened as Connection<never>
    },
    async recover(id, wish = {}) {
      const missing = (): Error =>
        vmError('VM_NOT_FOUND', `the journal has no open migration ${id}`, {
          remedy: 'connect to one of its hosts and recover what that host has on file: connection.recover()',
        })
      return recoverAll(parts, openInJournal(await parts.journal.entries()), id, missing, wish)
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
