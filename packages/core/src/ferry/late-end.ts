import {
  type Clock,
  type ConnectionUri,
  type DriverConnection,
  type VmError,
  vmError,
} from '../driver/index.ts'
import { hostName } from '../migration/negotiate.ts'
import type { Side } from '../migration/run.ts'
import { bounded } from './bounded.ts'
import type { ConnectionEnd } from './connection-end.ts'

/** An end of a migration whose host may be out of reach: connected when it is first asked to, and bounded. */
export interface LateEnd extends Side {
  close(): Promise<void>
}

/** Milliseconds that a connection may take. */
const LIMIT = 20_000

export function lateEnd(
  uri: ConnectionUri,
  clock: Clock,
  connect: (uri: string, signal: AbortSignal) => Promise<ConnectionEnd>,
): LateEnd {
  const host = hostName(uri)
  let end: ConnectionEnd | null = null
  let failure: unknown = vmError('VM_CONNECTION', `${host} was not asked yet`, { host })
  return {
    host,
    connection(): DriverConnection {
      if (end) return end.current()
      throw failure
    },
    async reconnect() {
      if (end) return end.renew()
      const late = (): VmError => vmError('VM_TIMEOUT', `${uri.text} gave no answer`, { host })
      try {
        end = await bounded(clock, LIMIT, late, ({ signal }) => connect(uri.text, signal))
        return end.current()
      } catch (error) {
        failure = error
        throw error
      }
    },
    close: async () => end?.handle.close(),
  }
}
