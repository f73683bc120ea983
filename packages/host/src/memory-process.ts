import { PassThrough, type Readable, type Writable } from 'node:stream'
import type { ProcessId } from '@vmferry/core/driver'
import { notFound } from './announced-process.ts'
import type { MemorySockets } from './memory-socket.ts'
import type { Exit, RunningProcess } from './running-process.ts'

/** What a program of a {@link memoryHost} sees of its world. */
export interface MemoryProcess {
  readonly argv: readonly string[]
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** The host's files, by absolute path. */
  readonly files: Map<string, Uint8Array>
  readonly sockets: MemorySockets
  /** Fires when a signal ends the process; the program may then return whatever it likes. */
  readonly killed: AbortSignal
}

/** A program: a function that returns its exit code. One that throws exits with 1, the message on its stderr. */
export type MemoryProgram = (process: MemoryProcess) => number | Promise<number>

/** A process in memory, as its host keeps it. */
export interface Running extends RunningProcess {
  readonly id: ProcessId
  end(signal: string): void
}

/** Everything that runs on one host. */
export interface MemoryProcesses {
  readonly running: Map<number, Running>
  start(argv: readonly string[]): Running
  /** Ends all of it and begins a new boot. */
  restart(): void
}

export function memoryProcesses(
  place: string,
  programs: Readonly<Record<string, MemoryProgram>>,
  world: Pick<MemoryProcess, 'files' | 'sockets'>,
): MemoryProcesses {
  const running = new Map<number, Running>()
  let boots = 0
  let started = 0

  const start = (argv: readonly string[]): Running => {
    const program = Object.hasOwn(programs, argv[0] ?? '') ? programs[argv[0] ?? ''] : undefined
    if (program === undefined) throw notFound(argv[0] ?? '', place)
    const pid = 1000 + ++started
    const id = {
      pid,
      startTime: `${started}`,
      bootId: `00000000-0000-4000-8000-${`${boots}`.padStart(12, '0')}`,
    }
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    for (const stream of [stdin, stdout, stderr]) stream.on('error', () => {})
    const killed = new AbortController()
    const exit = new Promise<Exit>((resolve) => {
      killed.signal.addEventListener('abort', () =>
        resolve({ code: null, signal: String(killed.signal.reason) }),
      )
      runProgram(program, { ...world, argv, stdin, stdout, stderr, killed: killed.signal })
        .then((code) => resolve({ code, signal: null }))
        .catch(() => {})
    }).finally(() => {
      running.delete(pid)
      stdout.end()
      stderr.end()
    })
    const end = (signal: string): void => killed.abort(signal)
    const process: Running = {
      pid,
      id,
      stdin,
      stdout,
      stderr,
      exit,
      closed: exit,
      end,
      terminate: () => end('SIGTERM'),
      kill: async (signal) => end(`SIG${signal}`),
    }
    running.set(pid, process)
    return process
  }

  return {
    running,
    start,
    restart() {
      for (const process of running.values()) process.end('SIGKILL')
      running.clear()
      boots += 1
    },
  }
}

async function runProgram(program: MemoryProgram, process: MemoryProcess): Promise<number> {
  // In a later turn, as a real process starts.
  await Promise.resolve()
  try {
    return await program(process)
  } catch (error) {
    if (!process.killed.aborted)
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}
