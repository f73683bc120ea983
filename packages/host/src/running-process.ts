import type { Readable, Writable } from 'node:stream'
import { vmError } from '@vmferry/core/driver'

/** How a process ended: its exit code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** A process that was started on a host, whichever way leads to it. */
export interface RunningProcess {
  readonly pid: number
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when the process has ended. */
  readonly exit: Promise<Exit>
  /** Resolves when it has ended and both output streams have. */
  readonly closed: Promise<Exit>
  /** Sends SIGTERM to it and its group and lets its streams go. */
  terminate(): void
  /** Sends a signal to it alone. */
  kill(signal: 'TERM' | 'KILL' | 'INT'): Promise<void>
}

/** What a process left. */
export interface Output extends Exit {
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** Runs a command to its end. */
export type Run = (argv: readonly string[], options: RunOptions, stop: AbortSignal) => Promise<Output>

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly maxBytes?: number
  readonly leavesNobody?: boolean
}

/** Of each output of a command, where nobody says otherwise. */
export const mostBytes: number = 16 * 1024 * 1024

/** Reads a process to its end. On `stop`, or when it writes more than it may, it is terminated. */
export async function collect(
  process: RunningProcess,
  options: RunOptions,
  stop: AbortSignal,
): Promise<Output> {
  const limit = options.maxBytes ?? mostBytes
  const terminate = (): void => process.terminate()
  if (stop.aborted) terminate()
  stop.addEventListener('abort', terminate)
  try {
    const [stdout, stderr, exit] = await Promise.all([
      readWhole(process.stdout, limit),
      readWhole(process.stderr, limit),
      process.closed,
    ])
    return { ...exit, stdout, stderr }
  } catch (error) {
    terminate()
    throw error
  } finally {
    stop.removeEventListener('abort', terminate)
  }
}

/** The error for a command that writes more than it may. */
export function tooMuch(limit: number): Error {
  return vmError('VM_PROTOCOL', `the command wrote more than ${limit} bytes to one of its outputs`)
}

function readWhole(stream: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else reject(tooMuch(limit))
    })
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('close', () => resolve(Buffer.concat(chunks)))
    stream.once('error', reject)
  })
}
