import { notFound } from './announced-process.ts'
import type { Run, RunOptions } from './running-process.ts'
import type { SshConnection } from './ssh-connection.ts'
import { runInSession } from './ssh-process.ts'
import { openShell, type SshShell, type TextOptions } from './ssh-shell.ts'

/** Shells of a connection that stay; whoever finds all of them at work takes a session. */
const MOST_SHELLS = 4

/** Characters of a command for a shell. Longer ones are for a session, which knows how much a host takes. */
const LONGEST = 100_000

/** Runs commands on the host to their ends, one round trip each: by a shell that is there already, unless they are data. */
export function runOver(connection: SshConnection): Run {
  const inSession = runInSession(connection)
  return async (argv, options, stop) => {
    const fits = isText(options) && !isLong([...argv, options.input ?? ''])
    const shell = fits ? await takeShell(connection, stop) : null
    if (!fits || !shell) return inSession(argv, options, stop)
    const output = await shell.run(argv, options, stop)
    if (connection.sessions.spare() < 0) shell.end()
    else connection.shells.idle.push(shell)
    if (output) return output
    throw notFound(argv[0] ?? '', connection.place)
  }
}

/** What a word of a shell can hold. */
function isText(options: RunOptions): options is TextOptions {
  const { input = '' } = options
  return typeof input === 'string' && !input.includes('\0')
}

function isLong(words: readonly string[]): boolean {
  return words.reduce((sum, word) => sum + word.length, 0) > LONGEST
}

async function takeShell(connection: SshConnection, stop: AbortSignal): Promise<SshShell | null> {
  const { shells } = connection
  const idle = shells.idle.pop()
  if (idle) return idle
  if (shells.count === MOST_SHELLS) return null
  shells.count += 1
  const gone = (): void => {
    shells.count -= 1
  }
  const shell = await openShell(connection, stop).catch((error: unknown) => {
    gone()
    throw error
  })
  void shell.gone.then(() => {
    gone()
    shells.idle = shells.idle.filter((one) => one !== shell)
  })
  return shell
}
