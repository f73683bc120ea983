import { connect, type Socket } from 'node:net'
import {
  abortError,
  type CallOptions,
  type Clock,
  isVmError,
  restated,
  type VmError,
  vmError,
} from '@vmferry/core/driver'
import { type Address, addressText } from './address.ts'
import { errorOf } from './failure.ts'
import { type LineListener, type LineSocket, lineSocket } from './line-socket.ts'
import { greeting, greetingOf, type Message } from './message.ts'

/** Milliseconds until a test host must have answered the first line. */
const LIMIT = 10_000

/** A connection to a test host, and its answer to the first line. */
export interface Dialled {
  readonly answer: Message
  readonly lines: LineSocket
}

/**
 * Connects to a test host and says what for. Rejects with VM_CONNECTION if nothing listens or answers there,
 * VM_PROTOCOL if it is no test host of this version, or what it refuses with.
 */
export function dial(
  address: Address,
  purpose: object,
  listener: LineListener,
  clock: Clock,
  { signal }: CallOptions,
): Promise<Dialled> {
  const peer = addressText(address)
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortError(signal, `connecting to ${peer}`))
    let answered = false
    const socket: Socket = connect(address, () => {
      lines.write(greeting(purpose))
    })
    const conclude = (): void => {
      answered = true
      stopLimit()
      signal.removeEventListener('abort', giveUp)
    }
    const lines = lineSocket(socket, peer, {
      line(text) {
        if (answered) return listener.line(text)
        const answer = greetingOf(text)
        if (answer['error'] !== undefined) throw errorOf(answer['error'])
        conclude()
        resolve({ answer, lines })
      },
      closed(reason) {
        if (answered) return listener.closed(reason)
        conclude()
        const remedy = `is it there? vmferry-test-host --listen ${peer}`
        reject(isVmError(reason, 'VM_CONNECTION') ? restated(reason, { remedy }) : reason)
      },
    })
    const end = (reason: VmError): void => {
      lines.close(reason)
      socket.destroy()
    }
    const giveUp = (): void => end(abortError(signal, `connecting to ${peer}`))
    const stopLimit = clock.schedule(LIMIT, () =>
      end(vmError('VM_CONNECTION', `${peer} gave no answer within ${LIMIT} ms`, { host: peer })),
    )
    signal.addEventListener('abort', giveUp, { once: true })
  })
}
