import { abortError } from '@vmferry/core/driver'
import { checkByScript } from './process-check.ts'
import { collect, type Run, type RunningProcess } from './running-process.ts'
import { runScript, shellFunctions } from './shell-script.ts'
import type { Slots } from './slots.ts'
import type { SshConnection } from './ssh-connection.ts'
import { lossOr, openSession, type Session } from './ssh-session.ts'

/** Runs a command on the host to its end, in a session of its own. @param places as of {@link openSession} */
export function runInSession(connection: SshConnection, places?: Slots): Run {
  return async (argv, options, stop) => {
    const session = await openSession(connection, argv, 'once', stop, places)
    session.channel.end(options.input)
    try {
      const process = sessionProcess(connection, session, 0, async () => {})
      const [, output] = await Promise.all([session.heard.self, collect(process, options, stop)])
      return output
    } catch (error) {
      throw lossOr(connection, error)
    }
  }
}

/** For what ends others: it has places of its own, as they may have all the rest. */
function runToEnd(connection: SshConnection): Run {
  return runInSession(connection, connection.lastSessions)
}

/** Starts a command on the host that dies with the connection. */
export async function startOver(
  connection: SshConnection,
  argv: readonly string[],
  stop: AbortSignal,
): Promise<RunningProcess> {
  const session = await openSession(connection, argv, 'watch', stop)
  const halt = (): void => endSession(connection, session)
  stop.addEventListener('abort', halt)
  try {
    if (stop.aborted) throw abortError(stop)
    const { pid, startTime } = await session.heard.self
    const check = checkByScript(runToEnd(connection), connection.place)
    return sessionProcess(connection, session, pid, async (signal) => {
      const { signal: life } = connection.life
      await connection.life.run({ signal: life }, (halted) =>
        check({ pid, startTime, bootId: '' }, signal, halted),
      )
    })
  } catch (error) {
    halt()
    throw lossOr(connection, error)
  } finally {
    stop.removeEventListener('abort', halt)
  }
}

function sessionProcess(
  connection: SshConnection,
  session: Session,
  pid: number,
  kill: RunningProcess['kill'],
): RunningProcess {
  const { channel, heard, exit, closed } = session
  const { stdout, stderr } = heard
  return {
    pid,
    stdin: channel.stdin,
    stdout,
    stderr,
    exit,
    closed,
    kill,
    terminate: () => endSession(connection, session),
  }
}

/**
 * Ends a command and its group, then its channel. By a second command: sshd as root refuses to signal its own sessions
 * (session.c wants a monitor; measured on OpenSSH 9.2), and closing the channel ends only what minds its streams.
 */
export function endSession(connection: SshConnection, { channel, heard }: Session): void {
  const { life } = connection
  const end = async (): Promise<void> => {
    try {
      const { pid, startTime } = await heard.self
      await life.run({ signal: life.signal }, (stop) =>
        runScript(runToEnd(connection), endGroup, [`${pid}`, startTime], {}, stop),
      )
    } finally {
      channel.close()
    }
  }
  heard.stdout.resume()
  heard.stderr.resume()
  if (!life.signal.aborted) connection.tidy(end())
}

const endGroup = `${shellFunctions}
look "$1"
[ "$start" != "$2" ] || kill -TERM "-$1"
`
