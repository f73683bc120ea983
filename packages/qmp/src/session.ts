import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { vmError } from '@vmferry/core/driver'
import { bounded, type Settle } from './bounded.ts'
import { type Calls, calls } from './calls.ts'
import type { QmpClock } from './clock.ts'
import { type EventHub, eventHub } from './event-hub.ts'
import { connectionFailure, type Failure, failureError, protocolFailure } from './failure.ts'
import { type Greeting, readGreeting } from './greeting.ts'
import { isQmpObject, type QmpObject } from './value.ts'
import { wire } from './wire.ts'

/** Settled options of a session. */
export interface SessionOptions {
  readonly host: string
  readonly clock: QmpClock
  readonly greetingTimeout: number
  readonly commandTimeout: number
  readonly maxMessageBytes: number
  readonly signal: AbortSignal | undefined
}

/** A stream with its commands and events. */
export interface Session {
  readonly calls: Calls
  readonly events: EventHub
  /** Rejects when the monitor is busy, gone or not a monitor. Call it at once, and once. */
  readonly greeting: () => Promise<Greeting>
  readonly closed: Promise<Error | null>
  readonly close: () => void
}

/** Routes what arrives on `stream` to those who wait for it. */
export function session(stream: Duplex, options: SessionOptions): Session {
  const { host, clock } = options
  let resolveClosed: (reason: Error | null) => void
  const closed = new Promise<Error | null>((resolve) => {
    resolveClosed = resolve
  })
  let greeter: Settle<Greeting> | undefined
  let greeted = false
  let closing = false

  const connection = wire(stream, options.maxMessageBytes, { message, ended })
  const events = eventHub(host, clock)
  const pending = calls(randomBytes(4).toString('hex'), {
    host,
    clock,
    timeout: options.commandTimeout,
    send: connection.send,
  })
  return { calls: pending, events, greeting, closed, close }

  function greeting(): Promise<Greeting> {
    const expired = (): Error =>
      vmError(
        'VM_BUSY',
        `the monitor of ${host} serves another client: no greeting in ${options.greetingTimeout} ms`,
        {
          host,
          remedy: 'end the other client, or give QEMU a second -qmp socket',
        },
      )
    const { signal, greetingTimeout: timeout } = options
    return bounded<Greeting>(
      { clock, what: `the monitor of ${host}`, signal, timeout, expired },
      (settle) => {
        greeter = settle
        return () => {
          greeter = undefined
        }
      },
    )
  }

  function message(received: QmpObject): Failure | undefined {
    if (!greeted) {
      const first = readGreeting(received)
      if (first === undefined) return protocolFailure('sent something else before its greeting')
      greeted = true
      greeter?.resolve(first)
    } else if ('event' in received) events.dispatch(received)
    else if ('error' in received && received['id'] === undefined) {
      const { error } = received
      const quote = isQmpObject(error) && typeof error['desc'] === 'string' ? error['desc'] : undefined
      return protocolFailure('reported an error that belongs to no command', quote)
    } else if ('return' in received || 'error' in received) pending.reply(received)
    else return protocolFailure('sent a message that is no event and no reply')
    return undefined
  }

  function ended(failure: Failure): void {
    const { code, words } = failure
    const told =
      !greeted && code === 'VM_CONNECTION' && !closing
        ? { ...failure, words: `${words} before its greeting` }
        : failure
    greeter?.reject(failureError(told, host))
    events.end(told)
    const quit = pending.end(told)
    resolveClosed(quit || closing ? null : failureError(told, host))
  }

  function close(): void {
    closing = true
    connection.end(connectionFailure('was left by this client'))
  }
}
