import { Duplex } from 'node:stream'
import { abortError, vmError } from '@vmferry/core/driver'
import type { SshConnection } from './ssh-connection.ts'

/**
 * A forwarded socket as a stream like any other. ssh2's own is never `destroyed`, drops the error of a lost connection,
 * and leaves a write without an answer once its peer has gone.
 */
export function sshStream(channel: Duplex, connection: SshConnection): Duplex {
  let answer: ((error?: Error | null) => void) | null = null
  let closed = false
  const settle = (error: Error | null): void => {
    const waiting = answer
    answer = null
    waiting?.(error)
  }
  const gone = (): Error =>
    vmError('VM_CONNECTION', `the other side of a socket on ${connection.place} has closed it`, {
      host: connection.place,
    })
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void channel.resume(),
    write(chunk, _encoding, callback) {
      if (closed) return callback(gone())
      answer = callback
      channel.write(chunk, () => settle(null))
    },
    final(callback) {
      channel.end()
      callback()
    },
    destroy(error, callback) {
      connection.life.signal.removeEventListener('abort', lost)
      channel.destroy()
      channel.resume()
      callback(error)
    },
  })
  const lost = (): unknown => stream.destroy(abortError(connection.life.signal))
  connection.life.signal.addEventListener('abort', lost)
  channel.on('data', (chunk: Buffer) => {
    if (!stream.destroyed && !stream.push(chunk)) channel.pause()
  })
  channel.once('end', () => stream.push(null))
  channel.on('error', (error: Error) => stream.destroy(error))
  channel.once('close', () => {
    closed = true
    if (!stream.readableEnded && !stream.destroyed) stream.push(null)
    settle(gone())
  })
  if (connection.life.signal.aborted) lost()
  return stream
}
