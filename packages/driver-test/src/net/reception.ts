import type { Socket } from 'node:net'
import { type Clock, isVmError, type VmError, vmError } from '@vmferry/core/driver'
import { failureOf } from './failure.ts'
import { type LineListener, type LineSocket, lineSocket } from './line-socket.ts'
import { greeting, greetingOf, type Message } from './message.ts'

/** Milliseconds until a connection must have said what it is for. */
const LIMIT = 10_000

/**
 * Receives a connection: its first line says what it is for, and `listenerFor` finds who listens to it from then on.
 * Whatever is refused is told to the peer before the connection ends.
 */
export function receive(
  socket: Socket,
  clock: Clock,
  listenerFor: (asked: Message, lines: LineSocket) => Promise<LineListener>,
): void {
  let listener: LineListener | null = null
  let greeted = false
  let over: VmError | null = null
  const refuse = (error: unknown): void => {
    const failure = { error: failureOf(error) }
    lines.write(listener ? JSON.stringify(failure) : greeting(failure))
    lines.close(isVmError(error) ? error : vmError('VM_PROTOCOL', String(error)))
  }
  const greet = async (line: string): Promise<void> => {
    greeted = true
    stopLimit()
    listener = await listenerFor(greetingOf(line), lines)
    if (over) listener.closed(over)
  }
  const lines = lineSocket(socket, `${socket.remoteAddress}:${socket.remotePort}`, {
    line(text) {
      if (!greeted) greet(text).catch(refuse)
      else if (!listener) refuse(vmError('VM_PROTOCOL', 'it did not wait for the answer'))
      else
        try {
          listener.line(text)
        } catch (error) {
          refuse(error)
        }
    },
    closed(reason) {
      over = reason
      stopLimit()
      listener?.closed(reason)
    },
  })
  const stopLimit = clock.schedule(LIMIT, () =>
    refuse(vmError('VM_PROTOCOL', `nothing was said within ${LIMIT} ms`)),
  )
}
