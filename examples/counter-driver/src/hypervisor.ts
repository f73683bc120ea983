import type { Duplex } from 'node:stream'
import { abortError, type CallOptions, type Clock, isVmError, vmError } from '@vmferry/core/driver'
import type { CounterHost } from './counter-host.ts'

/** Milliseconds that an answer may take; a migration runs in the background, so all of them are short. */
const LIMIT = 10_000

/** The hypervisor's codes, in the words of vmferry. */
const CODES: Readonly<Record<string, string>> = {
  missing: 'VM_NOT_FOUND',
  taken: 'VM_EXISTS',
  held: 'VM_BUSY',
  stale: 'VM_STALE',
  failed: 'VM_PHASE_FAILED',
}

/**
 * Gives one command and waits for its answer. The signal counts until the command is sent: what was sent is waited for, so
 * that its effect is known. VM_TIMEOUT and VM_CONNECTION mean that it is not.
 */
export async function ask<T>(
  { host, clock, socket }: CounterHost,
  words: readonly (string | number)[],
  call: CallOptions,
): Promise<T> {
  if (call.signal.aborted) throw abortError(call.signal, words.join(' '))
  const stream = await host.dial(socket, call)
  try {
    stream.write(`${words.join(' ')}\n`)
    const line = await firstLine(stream, clock, words.join(' '))
    if (line.startsWith('ok ')) return JSON.parse(line.slice(3)) as T
    const [, code = '', said = line] = /^no (\S+) (.*)$/.exec(line) ?? []
    const [, held] = /^the epoch of \S+ is (\d+),/.exec(said) ?? []
    throw vmError(CODES[code] ?? 'VM_PROTOCOL', `${host.name}: ${said}`, {
      host: host.name,
      ...(code === 'stale' && held !== undefined && { epoch: Number(held) }),
      causes: [{ host: host.name, words: line }],
    })
  } finally {
    stream.destroy()
  }
}

/** Whether the error leaves open what has happened; any other is the hypervisor's own answer. */
export function isUnknown(error: unknown): boolean {
  return !isVmError(error) || ['VM_ABORTED', 'VM_CONNECTION', 'VM_TIMEOUT'].includes(error.code)
}

function firstLine(stream: Duplex, clock: Clock, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (code: string, why: string) => (): void => {
      stop()
      reject(vmError(code, `'${what}': ${why}, so its effect is not known`))
    }
    const stop = clock.schedule(LIMIT, fail('VM_TIMEOUT', `no answer in ${LIMIT / 1000} s`))
    const gone = fail('VM_CONNECTION', 'the hypervisor hung up')
    let text = ''
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const [line, ...more] = text.split('\n')
      if (more.length === 0) return
      stop()
      resolve(line ?? '')
    })
    for (const event of ['end', 'close', 'error']) stream.once(event, gone)
  })
}
