import { setTimeout as sleep } from 'node:timers/promises'
import { abortError, type DetachOptions, type ProcessId, vmError } from '@vmferry/core/driver'
import type { MemoryProcess, MemoryProcesses, Running } from './memory-process.ts'

const defaultTimeout = 15_000
const tick = 5

/** Starts a program that outlives its channel, and waits for its file or socket as a real host does. */
export async function memoryDetach(
  processes: MemoryProcesses,
  world: Pick<MemoryProcess, 'files' | 'sockets'>,
  argv: readonly string[],
  options: DetachOptions,
  place: string,
  stop: AbortSignal,
): Promise<ProcessId> {
  const { log, until, timeout = defaultTimeout } = options
  world.files.set(log, new Uint8Array())
  const process = processes.start(argv)
  process.stdin.end()
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('data', (chunk: Buffer) =>
      world.files.set(log, Buffer.concat([world.files.get(log) ?? Buffer.alloc(0), chunk])),
    )
  }
  const words = (): { host: string; causes: { host: string; words: string }[] } => ({
    host: place,
    causes: [
      {
        host: place,
        words: Buffer.from(world.files.get(log) ?? [])
          .toString()
          .trim(),
      },
    ],
  })
  const isThere = (): boolean => until === undefined || world.files.has(until) || world.sockets.has(until)
  for (let left = Math.ceil(timeout / tick); !isThere(); left -= 1) {
    await sleep(tick)
    if (stop.aborted) throw drop(process, abortError(stop))
    if (!processes.running.has(process.pid)) {
      throw vmError(
        'VM_PHASE_FAILED',
        `${JSON.stringify(argv[0])} on ${place} ended before ${until} was there`,
        words(),
      )
    }
    if (left <= 0) {
      const message = `${JSON.stringify(argv[0])} on ${place} did not make ${until} in ${timeout} ms and was killed`
      throw drop(process, vmError('VM_TIMEOUT', message, words()))
    }
  }
  return process.id
}

function drop(process: Running, error: Error): Error {
  process.end('SIGKILL')
  return error
}
