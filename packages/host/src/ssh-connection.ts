import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { abortError, vmError } from '@vmferry/core/driver'
import { Client } from 'ssh2'
import { type HostKeyPolicy, hostKeyPolicy } from './host-key.ts'
import { type KnownHost, parseKnownHosts } from './known-hosts.ts'
import { type Lifeline, lifeline } from './lifeline.ts'
import { type Slots, slots } from './slots.ts'
import { type Credentials, gatherCredentials } from './ssh-auth.ts'
import { connectError } from './ssh-error.ts'
import type { SshShell } from './ssh-shell.ts'
import { describeTarget, type SshTarget } from './ssh-target.ts'

/** One ssh connection, which several channels may share. */
export interface SshConnection {
  readonly client: Client
  /** Ends when the connection is lost or closed. */
  readonly life: Lifeline
  /** `user@host:port`. */
  readonly place: string
  /** Places for sessions; forwarded sockets need none. */
  readonly sessions: Slots
  /** Those for a command that ends another: it must not wait for the place that it makes free. */
  readonly lastSessions: Slots
  /** Shells on the host, so many in all, and those that have nothing to do: their places are given up to whoever needs one. */
  readonly shells: { count: number; idle: SshShell[] }
  /** Who takes the connections that come in on a forwarded socket, by its path. */
  readonly listeners: Map<string, (accept: () => Duplex) => void>
  /** Gives work to be done before the connection may be closed: ending what was begun on the host. */
  tidy(work: Promise<unknown>): void
  /** Resolves when the connection is closed. */
  close(): Promise<void>
}

export interface ConnectOptions {
  /** Milliseconds for all of it. */
  readonly connectTimeout: number
  /** Milliseconds between two signs of life; three that stay unanswered are a loss. */
  readonly keepAlive: number
  /** The caller named the key files. */
  readonly identitiesRequired: boolean
  /** The way through another server. */
  readonly through: Duplex | null
}

/** OpenSSH's sshd allows 10 sessions (MaxSessions in sshd_config(5)). */
const mostSessions = 8
const mostLastSessions = 2

/** Milliseconds. */
const longestTidying = 2000

/**
 * No chacha20 and no CBC: those are what Terrapin (CVE-2023-48795) needs when a peer lacks strict key exchange.
 * AES-GCM first because it is the fastest (measured).
 */
const ciphers = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
] as const

/** Connects, checks the host's key and logs in. Rejects with VM_CONNECTION or VM_REFUSED. */
export async function connectSsh(
  target: SshTarget,
  options: ConnectOptions,
  stop: AbortSignal,
): Promise<SshConnection> {
  const place = describeTarget(target)
  const entries = (await Promise.all(target.knownHosts.map(readKnownHosts))).flat()
  const file = target.knownHosts[0] ?? 'a known_hosts file'
  const policy = hostKeyPolicy(entries, { ...target, alias: target.hostKeyAlias, place, file })
  const credentials = await gatherCredentials(target, options.identitiesRequired)
  const client = new Client()
  // our own, for ssh2 does not let go of one that it has ended and the server has not
  const socket = options.through ?? connect({ host: target.host, port: target.port })
  try {
    await logIn(client, socket, target, options, policy, credentials, stop)
  } catch (error) {
    socket.destroy()
    throw connectError(target, error, credentials)
  }
  return connection(client, socket, place, target.host)
}

function logIn(
  client: Client,
  socket: Duplex,
  target: SshTarget,
  options: ConnectOptions,
  policy: HostKeyPolicy,
  credentials: Credentials,
  stop: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const halt = (): void => finish(abortError(stop))
    const finish = (error?: Error): void => {
      clearTimeout(timer)
      stop.removeEventListener('abort', halt)
      if (error === undefined) resolve()
      else reject(error)
    }
    const late = (): void => finish(new Error(`no answer within ${options.connectTimeout} ms`))
    const timer = setTimeout(late, options.connectTimeout)
    if (stop.aborted) return halt()
    stop.addEventListener('abort', halt)
    // Trouble with the agent leaves the key files to be tried.
    client.on('error', (error: Error & { level?: string }) => error.level === 'agent' || finish(error))
    client.once('close', () => finish(new Error('the server closed the connection')))
    client.once('ready', () => {
      // Else every small answer waits for a delayed acknowledgement, 40 ms (measured).
      client.setNoDelay()
      finish()
    })
    client.connect({
      sock: socket,
      username: target.user,
      readyTimeout: 0,
      keepaliveInterval: options.keepAlive,
      keepaliveCountMax: 3,
      algorithms: { serverHostKey: [...policy.algorithms], cipher: [...ciphers] },
      hostVerifier: (key: Buffer) => {
        const refusal = policy.judge(key)
        if (refusal) finish(refusal)
        return refusal === null
      },
      authHandler: [...credentials.methods],
    })
  })
}

function connection(client: Client, socket: Duplex, place: string, host: string): SshConnection {
  const life = lifeline()
  const listeners: SshConnection['listeners'] = new Map()
  const chores = new Set<Promise<unknown>>()
  let words = 'the server closed the connection'
  const closed = new Promise<void>((resolve) => client.once('close', resolve))
  client.on('error', (error) => (words = error.message))
  client.once('close', () => {
    const causes = [{ host, words }]
    life.end(vmError('VM_CONNECTION', `the ssh connection to ${place} is lost`, { host, causes }))
  })
  client.on('unix connection', ({ socketPath }, accept, reject) => {
    const listener = listeners.get(socketPath)
    if (listener) listener(accept)
    else reject()
  })
  return {
    client,
    life,
    place,
    sessions: slots(mostSessions),
    lastSessions: slots(mostLastSessions),
    shells: { count: 0, idle: [] },
    listeners,
    tidy(work) {
      const chore: Promise<void> = work.catch(() => {}).then(() => void chores.delete(chore))
      chores.add(chore)
    },
    async close() {
      await Promise.race([
        Promise.all(chores),
        sleep(longestTidying, undefined, { signal: life.signal, ref: false }),
      ]).catch(() => {})
      if (!life.signal.aborted) client.end()
      life.end(vmError('VM_CONNECTION', `the ssh connection to ${place} is closed`, { host }))
      // A server that does not answer any more must not keep this program alive.
      const timer = setTimeout(() => socket.destroy(), 1000)
      await closed
      clearTimeout(timer)
    },
  }
}

async function readKnownHosts(path: string): Promise<readonly KnownHost[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw vmError('VM_REFUSED', `the known hosts in ${path} cannot be read`, {
      causes: [{ host: 'controller', words: error.message }],
    })
  })
  return parseKnownHosts(text, path)
}
