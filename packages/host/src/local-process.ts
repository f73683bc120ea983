import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type StdioOptions,
  spawn,
} from 'node:child_process'
import { once } from 'node:events'
import { vmError } from '@vmferry/core/driver'
import { announced, notFound } from './announced-process.ts'
import { nothingInherited } from './inherited-fd.ts'
import { collect, type Exit, type Run, type RunningProcess } from './running-process.ts'
import { systemError } from './system-error.ts'

/** Runs a command of this machine to its end. */
export const runHere: Run = async (argv, options, stop) => {
  const child = await fork(argv)
  const process = running(child)
  process.stdin.end(options.input)
  return collect(process, options, stop)
}

/** Starts a command of this machine that dies with this program. */
export async function startHere(argv: readonly string[], stop: AbortSignal): Promise<RunningProcess> {
  const announcement = announced(argv, 'watch', 'localhost')
  const child = await fork(announcement.argv)
  const process = running(child)
  const { stdout, stderr, self } = announcement.hear(child.stdout, child.stderr)
  const halt = (): void => process.terminate()
  stop.addEventListener('abort', halt)
  try {
    await self
  } finally {
    stop.removeEventListener('abort', halt)
  }
  return { ...process, stdout, stderr }
}

async function fork(argv: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
  const [program = '', ...args] = argv
  // A session of its own: Ctrl-C in the terminal is the controller's business, and the whole group can be ended.
  const stdio: StdioOptions = ['pipe', 'pipe', 'pipe', ...nothingInherited()]
  try {
    const child: ChildProcess = spawn(program, args, { detached: true, stdio })
    if (!hasPipes(child)) throw new Error('no pipes')
    child.stdin.on('error', () => {})
    await once(child, 'spawn')
    return child
  } catch (error) {
    const { code, message } = systemError(error)
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') throw notFound(program, 'localhost')
    throw vmError('VM_PHASE_FAILED', `${JSON.stringify(program)} could not be started on localhost`, {
      host: 'localhost',
      causes: [{ host: 'localhost', words: message }],
      cause: error,
    })
  }
}

function running(child: ChildProcessWithoutNullStreams): RunningProcess {
  // Known, for it has started; 0 would be our own group.
  const pid = child.pid ?? Number.NaN
  const ending = (event: 'exit' | 'close'): Promise<Exit> =>
    new Promise((resolve) =>
      child.once(event, (code: number | null, signal: string | null) => resolve({ code, signal })),
    )
  const over = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exit: ending('exit'),
    closed: ending('close'),
    terminate() {
      try {
        process.kill(-pid, 'SIGTERM')
      } catch {
        // Gone already.
      }
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    },
    async kill(signal) {
      if (!over()) child.kill(signal === 'INT' ? 'SIGINT' : `SIG${signal}`)
    },
  }
}

/** Always so; the declarations know it only for fewer than four entries of `stdio`. */
function hasPipes(child: ChildProcess): child is ChildProcessWithoutNullStreams {
  return child.stdin !== null && child.stdout !== null && child.stderr !== null
}
