import { setTimeout as sleep } from 'node:timers/promises'
import { abortError, type VmError, vmError } from '@vmferry/core/driver'
import type { ClientChannel } from 'ssh2'
import { announced, type Heard } from './announced-process.ts'
import { quoteArgv } from './quote-argv.ts'
import type { Exit } from './running-process.ts'
import type { Slots } from './slots.ts'
import type { SshConnection } from './ssh-connection.ts'
import { systemError } from './system-error.ts'

/** A session of sshd with a command in it. */
export interface Session {
  readonly channel: ClientChannel
  readonly heard: Heard
  /** Resolves when the command has ended; rejects when that can no longer be learnt. */
  readonly exit: Promise<Exit>
  /** As `exit`, but not before both output streams have ended. */
  readonly closed: Promise<Exit>
}

/** sshd gives the command to the login shell as one argument, and Linux takes no longer one (MAX_ARG_STRLEN). */
const longestCommand = 131_071

/** sshd counts a session until it has read that we have closed it too; until then it may refuse the next one. */
const openTries = 50
const openPause = 20

/** @param places those of the connection, unless it is to end another */
export async function openSession(
  connection: SshConnection,
  argv: readonly string[],
  mode: 'watch' | 'once',
  stop: AbortSignal,
  places: Slots = connection.sessions,
): Promise<Session> {
  const announcement = announced(argv, mode, connection.place)
  // `exec`: then the process has sshd for its parent, whatever the login shell is.
  const command = `exec ${quoteArgv(announcement.argv)}`
  const size = Buffer.byteLength(command)
  if (size > longestCommand) {
    throw vmError('VM_INVALID', `a command of ${size} bytes is too long for ssh`, {
      host: connection.place,
      remedy: `give long data by its input; the limit is ${longestCommand} bytes, a little of which is our own`,
    })
  }
  const makeRoom = (): void => connection.shells.idle.pop()?.end()
  if (places === connection.sessions && places.spare() <= 0) makeRoom()
  const release = await places.take(stop)
  for (let left = openTries; ; left -= 1) {
    try {
      return await openChannel(connection, command, (channel) => {
        channel.once('close', release)
        channel.on('error', () => {})
        return {
          channel,
          heard: announcement.hear(channel.stdout, channel.stderr),
          ...ending(connection, channel),
        }
      })
    } catch (error) {
      if (left > 0 && !stop.aborted && !connection.life.signal.aborted) {
        makeRoom()
        await sleep(openPause)
        continue
      }
      release()
      throw stop.aborted ? abortError(stop) : lossOr(connection, unopened(connection, error))
    }
  }
}

/** The loss of the connection, if that is what is behind an error. */
export function lossOr<E>(connection: SshConnection, error: E): E | VmError {
  const { signal } = connection.life
  return signal.aborted ? abortError(signal) : error
}

/** @param wrap called at once: the packet that opens a channel may be followed by all that ever comes through it */
function openChannel<T>(
  connection: SshConnection,
  command: string,
  wrap: (channel: ClientChannel) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // Throws when the connection is lost.
    connection.client.exec(command, (error, channel) => (error ? reject(error) : resolve(wrap(channel))))
  })
}

function ending(connection: SshConnection, channel: ClientChannel): Pick<Session, 'exit' | 'closed'> {
  const { life } = connection
  const unknown = (): Error => unknownEnd(connection)
  let exited: Exit | null = null
  const exit = new Promise<Exit>((resolve, reject) => {
    channel.once('exit', (code: number | null, signal?: string) => {
      exited = { code, signal: signal ?? null }
      resolve(exited)
    })
    const lost = (): void => reject(unknown())
    life.signal.addEventListener('abort', lost)
    channel.once('close', () => {
      life.signal.removeEventListener('abort', lost)
      lost()
    })
  })
  const closed = new Promise<Exit>((resolve, reject) => {
    channel.once('close', () => (exited ? resolve(exited) : reject(unknown())))
    exit.catch(reject)
  })
  // Who does not ask for one of them has no use for its rejection.
  exit.catch(() => {})
  closed.catch(() => {})
  return { exit, closed }
}

/** The error for a command whose session ended first. */
export function unknownEnd(connection: SshConnection): Error {
  const { place } = connection
  return lossOr(
    connection,
    vmError('VM_CONNECTION', `${place} did not say how the command ended`, { host: place }),
  )
}

function unopened(connection: SshConnection, error: unknown): Error {
  return vmError('VM_CONNECTION', `${connection.place} opens no session`, {
    host: connection.place,
    remedy: 'does its sshd_config limit MaxSessions, or force a command?',
    causes: [{ host: connection.place, words: systemError(error).message }],
    cause: error,
  })
}
