import type { Readable } from 'node:stream'
import { type CallOptions, type HostChannel, unlessAborted } from '@vmferry/core/driver'
import { verdictIn } from './answer.ts'

/** A shell that waits on the host, so that what is asked of it is one round trip. It ends with its channel. */
export interface StayingShell {
  /**
   * Has it do a command, whose last line is a verdict on both outputs, and waits for what it says; what it was told may be done
   * though the wait was given up, or its words are cut off. Null, and it is told nothing: it did not come up, has ended, or does
   * another.
   */
  run(command: string, call: CallOptions): Promise<Said | null>
  /** Whether it would do a command, as far as is known. */
  waits(): boolean
  /** Lets it go, and waits until it has. Idempotent. */
  end(): Promise<void>
}

/** What came on its outputs. */
export interface Said {
  readonly stdout: string
  readonly stderr: string
}

/** Characters that an answer may have. */
const LONGEST = 16 * 1024 * 1024

/** It comes up while the caller goes on. @param first what it reads before anything else */
export function stayingShell(host: HostChannel, first: string, options: CallOptions): StayingShell {
  let gone = false
  const ended = (): void => {
    gone = true
  }
  const starting = host.spawn(['sh'], options).then(
    (process) => {
      process.exit.then(ended, ended)
      process.stdin.on('error', () => {})
      for (const stream of [process.stdout, process.stderr]) stream.setEncoding('utf8')
      process.stdin.write(first)
      return process
    },
    () => null,
  )
  let state: 'idle' | 'busy' | 'over' = 'idle'

  const told = async (command: string, { signal }: CallOptions): Promise<Said | null> => {
    const process = await starting
    // who gave up on it is not to be obeyed any more
    if (!process || gone || signal.aborted) return null
    const words = Promise.all([heard(process.stdout), heard(process.stderr)])
    process.stdin.write(command)
    const [stdout, stderr] = await words
    return { stdout, stderr }
  }

  return {
    async run(command, call) {
      if (state !== 'idle' || command.includes('\0')) return null
      state = 'busy'
      try {
        const said = await unlessAborted(told(command, call), call.signal)
        state = said && verdictIn(said.stdout) === 0 ? 'idle' : 'over'
        return said
      } catch (error) {
        state = 'over'
        void starting.then((process) => process?.kill('KILL')).catch(() => {})
        throw error
      }
    },
    waits: () => state === 'idle' && !gone,
    async end() {
      state = 'over'
      const process = await starting
      process?.stdin.end()
      await process?.exit.catch(() => {})
    },
  }
}

/** What a stream brings up to a verdict, or to its end. */
function heard(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const more = (chunk: string): void => {
      text += chunk
      if (verdictIn(text) !== null || text.length > LONGEST) done()
    }
    const done = (): void => {
      stream.off('data', more).off('end', done).off('close', done)
      resolve(text)
    }
    stream.on('data', more).on('end', done).on('close', done)
    if (stream.destroyed || stream.readableEnded) done()
  })
}
