import { vmError } from '@vmferry/core/driver'
import { bounded, type Settle } from './bounded.ts'
import type { QmpCallOptions } from './client.ts'
import type { QmpClock } from './clock.ts'
import { type Failure, failureError } from './failure.ts'
import { qmpError } from './qmp-error.ts'
import type { QmpObject, QmpValue } from './value.ts'

/** QEMU queues 8 in-band commands, then stops reading the socket: a ninth would hold back the out-of-band ones. */
const IN_BAND_LIMIT = 8

interface Call {
  readonly id: string
  readonly command: string
  readonly oob: boolean
  readonly text: string
  readonly settle: Settle<QmpValue>
}

/** The commands that wait for their replies. */
export interface Calls {
  /** Sends a command as soon as there is room; `argumentsText` is its arguments as JSON. */
  call(command: string, argumentsText: string | undefined, options: QmpCallOptions): Promise<QmpValue>
  /** Takes a message with `return` or `error`; one that nobody waits for is dropped. */
  reply(message: QmpObject): void
  /** Rejects all that wait; true when the end is what a `quit` asked for. */
  end(failure: Failure): boolean
}

/** Where the commands go and how long they may take. */
export interface CallsOptions {
  readonly host: string
  readonly clock: QmpClock
  readonly timeout: number
  readonly send: (text: string) => void
}

/** Matches replies to commands. Ids begin with `session`, so a late reply to an earlier client is never ours. */
export function calls(session: string, { host, clock, timeout, send }: CallsOptions): Calls {
  const queued = new Set<Call>()
  const sent = new Map<string, Call>()
  let inBand = 0
  let count = 0
  let quitting: Call | undefined
  let over: Failure | undefined

  return { call, reply, end }

  function call(
    command: string,
    argumentsText: string | undefined,
    options: QmpCallOptions,
  ): Promise<QmpValue> {
    const { signal, timeout: limit = timeout, oob = false } = options
    const id = `${session}-${++count}`
    const parts = [`"${oob ? 'exec-oob' : 'execute'}":${JSON.stringify(command)}`, `"id":"${id}"`]
    if (argumentsText !== undefined) parts.push(`"arguments":${argumentsText}`)
    const what = `${command} on ${host}`
    const expired = (): Error =>
      vmError(
        'VM_TIMEOUT',
        `${what} was not answered within ${limit} ms${sent.has(id) ? '' : ', nor sent'}`,
        {
          host,
          remedy: sent.has(id)
            ? 'its effect is unknown: ask for the state before anything else'
            : 'try again',
        },
      )
    return bounded<QmpValue>({ clock, what, signal, timeout: limit, expired }, (settle) => {
      if (over !== undefined) {
        settle.reject(failureError({ ...over, code: 'VM_CONNECTION' }, host, command))
        return () => undefined
      }
      const entry: Call = { id, command, oob, text: `{${parts.join(',')}}\n`, settle }
      queued.add(entry)
      pump()
      // What was sent keeps its place until QEMU has answered it, because QEMU still works on it.
      return () => queued.delete(entry)
    })
  }

  function pump(): void {
    for (const entry of queued) {
      if (!entry.oob && inBand >= IN_BAND_LIMIT) continue
      queued.delete(entry)
      sent.set(entry.id, entry)
      if (!entry.oob) inBand++
      if (entry.command === 'quit') quitting = entry
      send(entry.text)
    }
  }

  function reply(message: QmpObject): void {
    const { id } = message
    const entry = typeof id === 'string' ? sent.get(id) : undefined
    if (entry === undefined) return
    sent.delete(entry.id)
    if (!entry.oob) inBand--
    if ('error' in message) {
      if (quitting === entry) quitting = undefined
      entry.settle.reject(qmpError(host, entry.command, message['error']))
    } else entry.settle.resolve(message['return'] ?? null)
    pump()
  }

  function end(failure: Failure): boolean {
    over = failure
    // QEMU may be gone before its reply to quit is read: the end is the answer.
    quitting?.settle.resolve({})
    for (const entry of [...sent.values(), ...queued]) {
      entry.settle.reject(failureError(failure, host, entry.command))
    }
    sent.clear()
    queued.clear()
    return quitting !== undefined
  }
}
