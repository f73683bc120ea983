import { type CallOptions, type EffectOptions, type HostChannel, vmError } from '@vmferry/core/driver'
import { verdictIn } from './answer.ts'

/** A script that waits for its input on the host, so that what is left of it is one round trip. */
export interface StandBy {
  /** Gives it its input, and waits for its last words; null if it is out of reach, did not come up, or was told before. */
  tell(input: string, call: EffectOptions): Promise<string | null>
  /** Ends it, unless it has done its work. Idempotent. */
  end(): Promise<void>
}

/** It comes up while the caller goes on. */
export function standBy(host: HostChannel, argv: readonly string[], call: CallOptions): StandBy {
  const starting = host.spawn(argv, call).then(
    (process) => {
      process.exit.catch(() => {})
      process.stdin.on('error', () => {})
      process.stderr.resume()
      return process
    },
    () => null,
  )
  let state: 'waiting' | 'told' | 'done' = 'waiting'

  const heard = async (input: string, signal: AbortSignal): Promise<string | null> => {
    const process = await starting
    // who gave up on it is not to be obeyed any more
    if (!process || signal.aborted) return null
    return new Promise((resolve) => {
      let said = ''
      process.stdout.on('data', (chunk: Buffer) => {
        said += String(chunk)
        // its verdict is its last line: its exit would come a round trip later
        if (verdictIn(said) !== null) resolve(said)
      })
      for (const end of ['end', 'close', 'error']) process.stdout.once(end, () => resolve(null))
      process.stdin.end(input)
    })
  }

  return {
    async tell(input, { signal }) {
      if (state !== 'waiting') return null
      state = 'told'
      const late = new Promise<never>((_, reject) => {
        const told = (): void =>
          reject(vmError('VM_TIMEOUT', `${host.name} did not answer in time`, { host: host.name }))
        signal.addEventListener('abort', told, { once: true })
      })
      const words = await Promise.race([heard(input, signal), late])
      if (words !== null) state = 'done'
      return words
    },
    async end() {
      if (state !== 'done') await (await starting)?.kill('KILL')
    },
  }
}
