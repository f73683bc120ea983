import {
  type CallOptions,
  type ConnectionUri,
  type Driver,
  type DriverConnection,
  type HostProvider,
  type VmError,
  vmError,
} from '../driver/index.ts'
import { checkName } from '../edge/names.ts'
import { bounded } from './bounded.ts'
import type { Connection } from './connection.ts'
import type { ConnectionEnd } from './connection-end.ts'
import type { Domain } from './domain.ts'
import type { FerryParts } from './ferry-parts.ts'
import { openDomain } from './open-domain.ts'
import { openOn, recoverAll } from './recover-all.ts'

/** Opens a driver's connection and gives it the application's face. */
export async function openConnection(
  parts: FerryParts,
  driver: Driver,
  uri: ConnectionUri,
  provider: () => HostProvider,
  signal: AbortSignal,
): Promise<Connection> {
  const { clock, random, log, ends } = parts
  const dial = (call: CallOptions): Promise<DriverConnection> =>
    driver.connect(uri, { openHost: (inner) => provider().open(uri, inner), log, clock, random }, call)
  let current = await dial({ signal })
  const work = new Set<PromiseLike<unknown>>()
  let closing: Promise<void> | null = null

  const refuseClosed = (): void => {
    if (closing) throw vmError('VM_CONNECTION', `the connection ${uri.text} is closed`)
  }
  /** What changes a domain takes as long as it takes: the driver knows how long that may be. */
  const call = (): CallOptions => {
    refuseClosed()
    return { signal: new AbortController().signal }
  }
  /** A question to the host: one that gives no answer is no reason to wait for ever. */
  const answered = async <T>(question: (call: CallOptions) => Promise<T>): Promise<T> => {
    refuseClosed()
    const late = (): VmError => vmError('VM_TIMEOUT', `${uri.text} gave no answer within ${PATIENCE} ms`)
    return bounded(clock, PATIENCE, late, question)
  }
  const lifecycle = (): NonNullable<DriverConnection['lifecycle']> => {
    if (current.lifecycle) return current.lifecycle
    throw vmError('VM_UNSUPPORTED', `the driver ${driver.name} neither starts nor stops nor adopts domains`)
  }

  const handle: Connection = {
    uri: uri.text,
    driver: driver.name,
    get capabilities() {
      return current.capabilities
    },
    get hypervisor() {
      return current.hypervisor
    },
    async domains() {
      const found = await answered((asked) => current.domains(asked))
      return found.map((domain): Domain => openDomain(parts, end, domain))
    },
    async domain(name) {
      const wanted = checkName(name)
      return openDomain(parts, end, await answered((asked) => current.domain(wanted, asked)))
    },
    async start(name, commandLine) {
      return openDomain(parts, end, await lifecycle().start(checkName(name), commandLine, call()))
    },
    async adopt(name, options) {
      const able = lifecycle()
      if (!able.adopt) throw vmError('VM_UNSUPPORTED', `the driver ${driver.name} adopts no domains`)
      return openDomain(parts, end, await able.adopt(checkName(name), options, call()))
    },
    async stop(name, { force = false } = {}) {
      await lifecycle().stop(checkName(name), { force }, call())
    },
    async recover(id, options = {}) {
      const missing = (): Error =>
        vmError('VM_NOT_FOUND', `${uri.text} has no open migration ${id}`, {
          remedy: 'look at its other host',
        })
      return recoverAll(parts, await answered((asked) => openOn(current, asked)), id, missing, options)
    },
    close() {
      closing ??= (async () => {
        await Promise.allSettled(work)
        ends.delete(handle)
        await current.close()
      })()
      return closing
    },
    [Symbol.asyncDispose]: () => handle.close(),
  }
  const end: ConnectionEnd = {
    uri,
    handle,
    current: () => current,
    async renew() {
      const broken = current
      const late = (): VmError => vmError('VM_TIMEOUT', `${uri.text} gave no answer`)
      current = await bounded(clock, RENEWAL, late, dial)
      broken.close().catch(() => {})
      return current
    },
    busyWith(more) {
      work.add(more)
      const over = (): void => {
        work.delete(more)
      }
      more.then(over, over)
    },
  }
  ends.set(handle, end)
  return handle
}

/** Milliseconds that a host may take to answer a question. */
const PATIENCE = 60_000

/** Milliseconds that a reconnection may take. */
const RENEWAL = 20_000
