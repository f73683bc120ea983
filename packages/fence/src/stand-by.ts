import { type CallOptions, type EffectOptions, type HostChannel, vmError } from '@vmferry/core/driver'
import { verdictIn } from './answer.ts'

/** A script that waits for its input on the host, so that what is left of it is one round trip. */
export interface StandBy {
  /** Gives it its input, and waits for its last words; null if it is out of reach or was told before. */
  tell(input: string, call: EffectOptions): Promise<string | null>
  /** Ends it, unless it has done its work. Idempotent. */
  end(): Promise<void>
}

export async function standBy(
  host: HostChannel,
  argv: readonly string[],
  call: CallOptions,
): Promise<StandBy> {
  const process = await host.spawn(argv, call)
  process.exit.catch(() => {})
  process.stdin.on('error', () => {})
  process.stderr.resume()
  let state: 'waiting' | 'told' | 'done' = 'waiting'
  return {
    async tell(input, { signal }) {
      if (state !== 'waiting') return null
      state = 'told'
      const words = await new Promise<string | null>((resolve, reject) => {
        let heard = ''
        process.stdout.on('data', (chunk: Buffer) => {
          heard += String(chunk)
          // its verdict is its last line: its exit would come a round trip later
          if (verdictIn(heard) !== null) resolve(heard)
        })
        for (const end of ['end', 'close', 'error']) process.stdout.once(end, () => resolve(null))
        const late = (): void =>
          reject(vmError('VM_TIMEOUT', `${host.name} did not answer in time`, { host: host.name }))
        signal.addEventListener('abort', late, { once: true })
        process.stdin.end(input)
      })
      if (words !== null) state = 'done'
      return words
    },
    async end() {
      if (state !== 'done') await process.kill('KILL')
    },
  }
}
