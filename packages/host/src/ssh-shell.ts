import { randomBytes } from 'node:crypto'
import { type MarkedStream, markedStream, type Piece } from './marked-stream.ts'
import { quoteWord } from './quote-argv.ts'
import { type Exit, mostBytes, type Output, type RunOptions, tooMuch } from './running-process.ts'
import { shellFunctions } from './shell-script.ts'
import type { SshConnection } from './ssh-connection.ts'
import { endSession } from './ssh-process.ts'
import { openSession, unknownEnd } from './ssh-session.ts'

/** A shell that stays on the host and runs one command after another. */
export interface SshShell {
  /** Runs a command to its end; null if there is no such program. On `stop`, or if it fails, it ends itself with the command. */
  run(argv: readonly string[], options: TextOptions, stop: AbortSignal): Promise<Output | null>
  /** Ends it, if it has nothing to do. */
  end(): void
  /** Settles when it has ended. */
  readonly gone: Promise<unknown>
}

/** Without input a command reads nothing. */
export interface TextOptions extends RunOptions {
  readonly input?: string
}

/** Characters. Words that are longer, such as scripts, are sent once: a bash reads its input byte by byte. */
const LONG_WORD = 512

/** Words that are remembered: scripts are few, data is not. */
const MOST_WORDS = 64

/** Of the codes above 128, by which a shell tells of a signal: those that Linux has under these numbers on all machines. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  6: 'SIGABRT',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
}

/**
 * A session of sshd costs 9 ms and whatever the account's start-up files do, a command of this shell 2.5 ms (measured on OpenSSH 9.2
 * and dash). Descriptor 3 is the way back, to which a command has a cat of its own only, unless it leaves nobody behind: that ends when
 * nobody holds the command's output any more, as a session would, and no command speaks in the answer of another.
 */
export async function openShell(connection: SshConnection, stop: AbortSignal): Promise<SshShell> {
  const session = await openSession(connection, ['sh'], 'once', stop)
  const { channel, heard, closed } = session
  const mark = `vmferry-${randomBytes(16).toString('hex')}`
  const [stdout, stderr] = [markedStream(heard.stdout, mark), markedStream(heard.stderr, mark)]
  const lost = heard.self.then(() => closed).then(() => Promise.reject(unknownEnd(connection)))
  lost.catch(() => {})
  channel.write(`${shellFunctions}\nexec 3>&1\n`)

  const names = new Map<string, string>()
  const known = (word: string): string => {
    const name = names.get(word)
    if (name !== undefined) return `"$${name}"`
    if (word.length < LONG_WORD || names.size === MOST_WORDS) return quoteWord(word)
    names.set(word, `vmferry_${names.size}`)
    channel.write(`${names.get(word)}=${quoteWord(word)}\n`)
    return known(word)
  }

  return {
    gone: closed.catch(() => {}),
    end: () => channel.end(),
    async run(argv, options, halt) {
      const { maxBytes = mostBytes } = options
      const terminate = (): void => endSession(connection, session)
      halt.addEventListener('abort', terminate)
      try {
        const answers = Promise.all([heardOn(stdout, maxBytes), stderr.next(maxBytes)])
        answers.catch(() => {})
        channel.write(commandLine(doing(argv, known), options, mark))
        const [{ bytes, word }, said] = await Promise.race([answers, lost])
        // it may come to its end before it is ended: its shell is not for the next command then
        halt.throwIfAborted()
        if (word === 'missing') return null
        if (word === '') throw unknownEnd(connection)
        return { ...exitOf(Number(word)), stdout: bytes, stderr: said.bytes }
      } catch (error) {
        if (!halt.aborted) terminate()
        throw error
      } finally {
        halt.removeEventListener('abort', terminate)
      }
    },
  }
}

/** What a command said up to its end, and what others said after it who had its output. */
async function heardOn(output: MarkedStream, maxBytes: number): Promise<Piece> {
  const { bytes, word } = await output.next(maxBytes)
  const after = await output.next(maxBytes)
  if (bytes.length + after.bytes.length > maxBytes) throw tooMuch(maxBytes)
  return { bytes: Buffer.concat([bytes, after.bytes]), word }
}

/** A program, and what has the shell do it. */
interface Doing {
  readonly program: string
  readonly command: string
}

/** A script for sh is done by a copy of this shell, for a program costs a millisecond; not one that asks for its own pid, which is not its copy's. */
function doing(argv: readonly string[], known: (word: string) => string): Doing {
  const [program = '', flag, script = '', name, ...args] = argv
  const isScript = program === 'sh' && flag === '-c' && name === 'sh' && !script.includes('$$')
  const command = isScript
    ? `set -- ${args.map(known).join(' ')}; eval ${known(script)}`
    : `exec ${argv.map(known).join(' ')}`
  return { program: known(program), command }
}

/**
 * What the shell reads for a command: it, the mark with its exit code, and a mark after each output when that has ended. Nobody
 * else sees its input. What is there is counted, as each process costs the better part of a millisecond.
 */
function commandLine(
  { program, command }: Doing,
  { input, leavesNobody }: TextOptions,
  mark: string,
): string {
  const [given, from] = input === undefined ? ['', '</dev/null'] : [`printf %s ${quoteWord(input)} |`, '']
  const wayBack = leavesNobody ? '' : '| cat >&3'
  return `if found ${program}; then
{ ${given} ( ${command} ) ${from} 3>&-; printf '${mark} %s\\n' $?; } ${wayBack}
else printf '${mark} missing\\n'; fi
printf '${mark}\\n'; printf '${mark}\\n' >&2
`
}

function exitOf(code: number): Exit {
  const signal = SIGNALS[code - 128]
  return signal === undefined ? { code, signal: null } : { code: null, signal }
}
