import type { Duplex } from 'node:stream'
import { abortError, vmError } from '@vmferry/core/driver'
import { jsonMember, optionsNamed } from './command-line.ts'
import { optionValue, parseOptionList } from './option-list.ts'

/** The name of the agent's port in the guest, and of its protocol (QEMU's docs/interop/qemu-ga.rst). */
const PORT = 'org.qemu.guest_agent.0'

/** By it both ends throw away what was half said before; no JSON has it (`guest-sync-delimited` in QEMU's qga/qapi-schema.json). */
const DELIMITER = '\xff'

/** Where a guest's agent is reached from its host. */
export interface AgentPort {
  /** The character device behind the port. */
  readonly chardev: string
  /** Path of the UNIX socket at which QEMU listens. */
  readonly path: string
}

/** The port of the agent, if the guest has one behind a UNIX socket. */
export function agentPort(argv: readonly string[]): AgentPort | null {
  const chardev = optionsNamed(argv, 'device').map(chardevOfAgent).find(Boolean)
  for (const value of optionsNamed(argv, 'chardev')) {
    const options = parseOptionList(value, 'backend')
    const path = optionValue(options, 'path')
    const listens = (optionValue(options, 'server') ?? 'off') !== 'off'
    if (chardev && optionValue(options, 'id') === chardev && path?.startsWith('/') && listens)
      return { chardev, path }
  }
  return null
}

function chardevOfAgent(value: string): string | undefined {
  const options = parseOptionList(value, 'driver')
  const member = (key: string) => (value.startsWith('{') ? jsonMember(value, key) : optionValue(options, key))
  return member('name') === PORT ? member('chardev') : undefined
}

/** An agent that has answered. */
export interface GuestAgent {
  /** Rejects with VM_PHASE_FAILED and the agent's words. `given`: JSON, since nanoseconds are no number of JavaScript's. */
  execute(command: string, given?: string): Promise<unknown>
}

/** What an agent says. */
interface Reply {
  readonly return?: unknown
  readonly error?: { readonly desc?: string }
}

/**
 * Meets the agent at the other end of `stream`. `id` tells its answer from one that somebody else did not wait for. The signal
 * destroys the stream. Rejects with VM_ABORTED, or with VM_CONNECTION if it ends.
 */
export async function guestAgent(
  stream: Duplex,
  { id, host, signal }: { readonly id: number; readonly host: string; readonly signal: AbortSignal },
): Promise<GuestAgent> {
  stream.setEncoding('latin1').on('error', () => {})
  const stop = (): unknown => stream.destroy(abortError(signal, 'the talk with the agent'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const lines = linesOf(stream)
  const next = async (): Promise<string> => {
    const { value } = await lines.next()
    if (value !== undefined) return value
    throw vmError('VM_CONNECTION', `the agent on ${host} has closed its port`, { host })
  }
  const ask = (command: string, given: string): void => {
    stream.write(`{"execute":${JSON.stringify(command)},"arguments":${given}}\n`)
  }
  stream.write(DELIMITER, 'latin1')
  ask('guest-sync-delimited', `{"id":${id}}`)
  while (!isAnswer(await next(), id));
  return {
    async execute(command, given = '{}') {
      ask(command, given)
      const { return: said, error } = replyIn(await next())
      if (!error) return said
      const words = error.desc ?? 'no description'
      throw vmError('VM_PHASE_FAILED', `the agent on ${host} refused ${command}: ${words}`, {
        host,
        causes: [{ host, words }],
      })
    },
  }
}

async function* linesOf(stream: Duplex): AsyncGenerator<string, undefined> {
  let rest = ''
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  return undefined
}

function isAnswer(line: string, id: number): boolean {
  const at = line.lastIndexOf(DELIMITER)
  return at >= 0 && replyIn(line.slice(at + 1)).return === id
}

/** What was half said before is none. */
function replyIn(line: string): Reply {
  try {
    return JSON.parse(Buffer.from(line, 'latin1').toString()) as Reply
  } catch {
    return {}
  }
}
