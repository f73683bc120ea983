import type { Duplex } from 'node:stream'
import { abortError, type VmError, vmError } from '@vmferry/core/driver'
import { acceptQueue, type Listening } from './accept-queue.ts'
import type { Run } from './running-process.ts'
import { runScript } from './shell-script.ts'
import type { SshConnection } from './ssh-connection.ts'
import { sshStream } from './ssh-stream.ts'
import { systemError } from './system-error.ts'

/** Connects to a UNIX socket on the host. sshd does not tell a missing file from one that nobody listens on. */
export function dialOver(connection: SshConnection, path: string, stop: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const open = (error: unknown, channel?: Duplex): void => {
      if (channel === undefined) return reject(unreachable(connection, path, error))
      if (!stop.aborted) return resolve(quiet(sshStream(channel, connection)))
      channel.destroy()
      reject(abortError(stop))
    }
    try {
      connection.client.openssh_forwardOutStreamLocal(path, open)
    } catch (error) {
      open(error)
    }
  })
}

/** Listens on a UNIX socket on the host; one that a dead process left is replaced. */
export async function listenOver(
  connection: SshConnection,
  run: Run,
  path: string,
  stop: AbortSignal,
): Promise<Listening> {
  if (connection.listeners.has(path)) throw busy(connection, path)
  const accepted = acceptQueue()
  connection.listeners.set(path, (accept) => accepted.push(quiet(sshStream(accept(), connection))))
  try {
    await bind(connection, path).catch(async () => {
      await removeStale(connection, run, path, stop)
      await bind(connection, path)
    })
  } catch (error) {
    connection.listeners.delete(path)
    throw error
  }
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    accepted.end()
    connection.listeners.delete(path)
    await unbind(connection, run, path)
  }
  return { accepted, close: () => (closing ??= close()) }
}

function bind(connection: SshConnection, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown): void => (error ? reject(unbound(connection, path, error)) : resolve())
    try {
      connection.client.openssh_forwardInStreamLocal(path, done)
    } catch (error) {
      done(error)
    }
  })
}

/** sshd stops listening but leaves the socket's file behind (measured on OpenSSH 9.2). */
async function unbind(connection: SshConnection, run: Run, path: string): Promise<void> {
  const { life, client } = connection
  await life
    .run({ signal: life.signal }, async (stop) => {
      await new Promise<void>((resolve) => client.openssh_unforwardInStreamLocal(path, () => resolve()))
      await runScript(run, '[ ! -S "$1" ] || rm -f -- "$1"', [path], {}, stop)
    })
    .catch(() => {})
}

async function removeStale(
  connection: SshConnection,
  run: Run,
  path: string,
  stop: AbortSignal,
): Promise<void> {
  const answered = await dialOver(connection, path, stop).then(
    (stream) => !!stream.destroy(),
    () => false,
  )
  if (answered) throw busy(connection, path)
  if (connection.life.signal.aborted) throw abortError(connection.life.signal)
  await runScript(run, '[ ! -S "$1" ] || rm -f -- "$1"', [path], {}, stop)
}

/** Until its taker listens for errors, one must not end the program; 'close' follows in any case. */
function quiet(stream: Duplex): Duplex {
  return stream.on('error', () => {})
}

function unreachable(connection: SshConnection, path: string, error: unknown): VmError {
  const { signal } = connection.life
  if (signal.aborted) return abortError(signal)
  return vmError('VM_CONNECTION', `nothing can be reached at ${path} on ${connection.place}`, {
    host: connection.place,
    remedy:
      'does somebody listen there, may the account reach it, and does sshd allow it (AllowStreamLocalForwarding)?',
    causes: [{ host: connection.place, words: systemError(error).message }],
  })
}

function unbound(connection: SshConnection, path: string, error: unknown): VmError {
  const { signal } = connection.life
  if (signal.aborted) return abortError(signal)
  return vmError('VM_PHASE_FAILED', `cannot listen on ${path} on ${connection.place}`, {
    host: connection.place,
    remedy:
      'its folder must exist and be writable, the path must not be a file, and sshd allow it (AllowStreamLocalForwarding)',
    causes: [{ host: connection.place, words: systemError(error).message }],
  })
}

function busy(connection: SshConnection, path: string): VmError {
  return vmError('VM_BUSY', `somebody listens on ${path} on ${connection.place} already`, {
    host: connection.place,
  })
}
