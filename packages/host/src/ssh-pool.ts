import { vmError } from '@vmferry/core/driver'
import { untilStopped } from './lifeline.ts'
import { resolveTarget, type SshQuestion } from './ssh-config.ts'
import { connectSsh, type SshConnection } from './ssh-connection.ts'
import { forward, jumpQuestion } from './ssh-jump.ts'
import { describeTarget, type SshTarget } from './ssh-target.ts'

/** Connections that are shared while somebody uses them. */
export interface SshPool {
  /** The connection to a host, made if there is none, and the function that gives it back. */
  take(question: SshQuestion, stop: AbortSignal): Promise<Lease>
}

export interface Lease {
  readonly connection: SshConnection
  /** The host after HostName. */
  readonly target: SshTarget
  /** Idempotent; the last one closes the connection. */
  release(): Promise<void>
}

/** What the options of `ssh()` decide over the configuration. */
export interface PoolSettings {
  readonly connectTimeout: number | null
  readonly keepAlive: number
  readonly identitiesRequired: boolean
  adapt(target: SshTarget): SshTarget
}

const defaultConnectTimeout = 10_000

interface Entry {
  users: number
  readonly making: AbortController
  readonly made: Promise<SshConnection>
}

export function sshPool(settings: PoolSettings): SshPool {
  const entries = new Map<string, Entry>()

  const take = async (
    question: SshQuestion,
    stop: AbortSignal,
    route: readonly string[],
    jumps: readonly string[] = [],
  ): Promise<Lease> => {
    const asked = settings.adapt(await resolveTarget(question, stop))
    const target = jumps.length > 0 ? { ...asked, jumps } : asked
    const place = describeTarget(target)
    if (route.includes(place)) {
      throw vmError('VM_INVALID', `ProxyJump goes round in a circle: ${[...route, place].join(' from ')}`, {
        host: target.host,
        remedy: `see \`ssh -G ${question.host}\``,
      })
    }
    if (target.proxyCommand !== null) {
      throw vmError('VM_UNSUPPORTED', `ssh's configuration for ${question.host} wants a ProxyCommand`, {
        host: target.host,
        remedy: 'use ProxyJump, or forward a port yourself',
      })
    }
    const key = JSON.stringify(target)
    let entry = entries.get(key)
    if (!entry) {
      const making = new AbortController()
      const made = make(target, question, [...route, place], making.signal)
      entry = { users: 0, making, made }
      entries.set(key, entry)
      const forget = (): unknown => entries.get(key) === entry && entries.delete(key)
      made.then((connection) => connection.life.signal.addEventListener('abort', forget), forget)
    }
    const lease = hold(entry, key)
    try {
      return { connection: await untilStopped([stop], () => entry.made), target, release: lease }
    } catch (error) {
      await lease()
      throw error
    }
  }

  const hold = (entry: Entry, key: string): (() => Promise<void>) => {
    entry.users += 1
    let held = true
    return async () => {
      if (!held) return
      held = false
      entry.users -= 1
      if (entry.users > 0) return
      if (entries.get(key) === entry) entries.delete(key)
      entry.making.abort()
      const connection = await entry.made.catch(() => null)
      await connection?.close()
    }
  }

  const make = async (
    target: SshTarget,
    question: SshQuestion,
    route: readonly string[],
    stop: AbortSignal,
  ): Promise<SshConnection> => {
    const options = {
      connectTimeout: settings.connectTimeout ?? target.connectTimeout ?? defaultConnectTimeout,
      keepAlive: settings.keepAlive,
      identitiesRequired: settings.identitiesRequired,
    }
    const last = target.jumps.at(-1)
    if (last === undefined) return connectSsh(target, { ...options, through: null }, stop)
    // Servers in a list are passed from the first on; only the first may have a way of its own.
    const lease = await take(jumpQuestion(last, question.config), stop, route, target.jumps.slice(0, -1))
    try {
      const through = await forward(lease.connection, target, stop)
      const connection = await connectSsh(target, { ...options, through }, stop)
      connection.life.signal.addEventListener('abort', () => void lease.release().catch(() => {}))
      const close = async (): Promise<void> => {
        await connection.close()
        await lease.release()
      }
      return { ...connection, close }
    } catch (error) {
      await lease.release()
      throw error
    }
  }

  return { take: (question, stop) => take(question, stop, []) }
}
