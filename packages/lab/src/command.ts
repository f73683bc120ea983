import { spawn } from 'node:child_process'

/** How a command ended and what it said. */
export interface CommandResult {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** What a command is given. */
export interface CommandOptions {
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string
  /** Ends the command and everything in its process group. */
  readonly signal?: AbortSignal
  /** Milliseconds after which it is ended in the same way. Default: none. */
  readonly timeout?: number
  /** The whole environment. Default: this process's. */
  readonly env?: Readonly<Record<string, string>>
}

/** Characters of what a command said that was ended for its time. */
const LAST_WORDS = 1000

/**
 * Runs `argv` and waits for its end and for its output to close. Rejects if it cannot be started, with the signal's
 * reason if that fires, and after `timeout`; an exit status other than 0 is a result.
 */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { input, signal, timeout, env } = options
  signal?.throwIfAborted()
  const [file = '', ...rest] = argv
  const child = spawn(file, rest, { detached: true, ...(env && { env }) })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  // A command that does not read its input closes it: that is its choice, not a failure.
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')

  let reason: unknown
  const end = (why: unknown): void => {
    reason ??= why
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      child.kill('SIGKILL')
    }
  }
  const late = (): void => {
    const said = Buffer.concat([...out, ...err])
      .toString()
      .trim()
      .slice(-LAST_WORDS)
    const words = said === '' ? 'it said nothing' : `its last words: ${said}`
    end(new Error(`\`${argv.join(' ')}\` did not end within ${timeout} ms, its effect is unknown; ${words}`))
  }
  const timer = timeout === undefined ? undefined : setTimeout(late, timeout)
  const onAbort = (): void => end(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await new Promise<CommandResult>((resolve, reject) => {
      child.once('error', (cause) => reject(new Error(`cannot run \`${file}\`: ${cause.message}`, { cause })))
      child.once('close', (code, killedBy) => {
        if (reason instanceof Error) reject(reason)
        else if (reason !== undefined) reject(new Error('the command was aborted', { cause: reason }))
        else
          resolve({
            code,
            signal: killedBy,
            stdout: Buffer.concat(out).toString(),
            stderr: Buffer.concat(err).toString(),
          })
      })
    })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Like {@link runCommand}, but an exit status other than 0 rejects with the command's own words. Resolves to its stdout. */
export async function mustRun(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, signal, stdout, stderr } = await runCommand(argv, options)
  if (code === 0) return stdout
  throw new Error(`\`${argv.join(' ')}\` ended with ${signal ?? code}: ${stderr.trim() || stdout.trim()}`)
}
