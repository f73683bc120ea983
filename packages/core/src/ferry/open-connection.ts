import {
  type CallOptions,
  type ConnectionUri,
  type Driver,
  type DriverConnection,
  type HostProvider,
  vmError,
} from '../driver/index.ts'
import { checkName } from '../edge/names.ts'
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

  const call = (): CallOptions => {
    if (closing) throw vmError('VM_CONNECTION', `the connection ${uri.text} is closed`)
    return { signal: new AbortController().signal }
  }
  const lifecycle = (): NonNullable<DriverConnection['lifecycle']> => {
    if (current.lifecycle) return current.lifecycle
    throw vmError('VM_UNSUPPORTED', `the driver ${driver.name} neither starts nor stops domains`)
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
      const found = await current.domains(call())
      return found.map((domain): Domain => openDomain(parts, end, domain))
    },
    async domain(name) {
      return openDomain(parts, end, await current.domain(checkName(name), call()))
    },
    async start(name, commandLine) {
      return openDomain(parts, end, await lifecycle().start(checkName(name), commandLine, call()))
    },
    async stop(name, { force = false } = {}) {
      await lifecycle().stop(checkName(name), { force }, call())
    },
    async recover(id, options = {}) {
      const open = (await openOn(current, call())).filter(
        ({ migration }) => !parts.running.has(migration) && (id === undefined || migration === id),
      )
      if (id !== undefined && open.length === 0)
        throw vmError('VM_NOT_FOUND', `${uri.text} has no open migration ${id}`, {
          remedy: 'look at its other host',
        })
      return recoverAll(parts, open, options)
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
      const late = new AbortController()
      const stop = clock.schedule(RENEWAL, () =>
        late.abort(vmError('VM_TIMEOUT', `${uri.text} gave no answer`)),
      )
      current = await dial({ signal: late.signal }).finally(stop)
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

/** Milliseconds that a reconnection may take. */
const RENEWAL = 20_000
