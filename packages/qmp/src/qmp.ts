import type { Duplex } from 'node:stream'
import { vmError } from '@vmferry/core/driver'
import type { QmpCallOptions, QmpClient, QmpWaitOptions } from './client.ts'
import { ambientClock, type QmpClock } from './clock.ts'
import { encode, type Numbers } from './encode.ts'
import type { QmpEvent } from './events.ts'
import { session } from './session.ts'
import type { QmpValue } from './value.ts'

/** How a client is made. */
export interface QmpOptions {
  /** Ends the connecting: the greeting and the negotiation. It has no effect on the client that they lead to. */
  readonly signal?: AbortSignal
  /** Milliseconds to wait for the greeting; default 5000. */
  readonly greetingTimeout?: number
  /** Milliseconds to wait for a reply; default 30,000, because QEMU is silent while it loads or switches over. */
  readonly commandTimeout?: number
  /** The largest message taken; default 16 MiB (a schema is 0.2 MiB). */
  readonly maxMessageBytes?: number
  /** Whose monitor it is, for errors; default `QEMU`. */
  readonly host?: string
  /** Default: this process's time. */
  readonly clock?: QmpClock
}

/**
 * Opens a session with the monitor at the other end of `stream`, which belongs to the client from now on: waits for the
 * greeting and negotiates, with `oob` where it is offered.
 *
 * Rejects, and destroys the stream, with VM_BUSY (connected but no greeting: QEMU serves one client per monitor
 * socket), VM_CONNECTION (the stream ended), VM_PROTOCOL (not a monitor), VM_TIMEOUT, VM_ABORTED.
 */
export async function qmp(stream: Duplex, options: QmpOptions = {}): Promise<QmpClient> {
  const { host = 'QEMU', signal } = options
  const { calls, events, closed, close, greeting } = session(stream, {
    host,
    signal,
    clock: options.clock ?? ambientClock,
    greetingTimeout: options.greetingTimeout ?? 5000,
    commandTimeout: options.commandTimeout ?? 30_000,
    maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
  })
  try {
    const { version, capabilities } = await greeting()
    const oob = capabilities.includes('oob')
    const negotiated = signal === undefined ? {} : { signal }
    await calls.call('qmp_capabilities', oob ? '{"enable":["oob"]}' : undefined, negotiated)
    const shut = async (): Promise<void> => {
      close()
      await closed
    }
    return {
      version,
      oob,
      closed,
      execute: (command: string, args?: object, call?: QmpCallOptions) =>
        run(oob, 'integers', command, args, call),
      raw: (command, args, call) => run(oob, 'finite', command, args, call),
      on: (event: string, listener: (event: QmpEvent) => void) => events.on(event, listener),
      waitFor: (match: string | ((event: QmpEvent) => boolean), wait: QmpWaitOptions = {}) =>
        events.waitFor(match, wait),
      close: shut,
      [Symbol.asyncDispose]: shut,
    }
  } catch (error) {
    close()
    throw error
  }

  async function run(
    oob: boolean,
    numbers: Numbers,
    command: string,
    args: object | undefined,
    call: QmpCallOptions = {},
  ): Promise<QmpValue> {
    if (call.oob === true && !oob) {
      throw vmError(
        'VM_UNSUPPORTED',
        `the monitor of ${host} takes no out-of-band commands, so not ${command}`,
        {
          host,
          remedy: 'send it without oob, or use a monitor that offers oob',
        },
      )
    }
    return calls.call(command, args === undefined ? undefined : encode(args, numbers, command), call)
  }
}
