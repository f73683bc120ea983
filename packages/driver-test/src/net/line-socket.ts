import type { Socket } from 'node:net'
import { isVmError, type VmError, vmError } from '@vmferry/core/driver'

/** Most characters of one line, and most that wait for a peer that does not read. */
const LIMIT = 16 * 1024 ** 2

/** What is told of a socket. After `closed` nothing is. */
export interface LineListener {
  /** A line has come. What it throws ends the socket. */
  line(text: string): void
  /** The socket has ended, for whatever reason. */
  closed(reason: VmError): void
}

/** A TCP connection that carries lines. */
export interface LineSocket {
  /** Sends a line. Nothing happens once it is closed. */
  write(line: string): void
  /** For those who can wait: resolves when the peer has taken most of what was sent; null: it has. */
  drained(): Promise<void> | null
  /** Ends it when all that was written is on its way. */
  close(reason: VmError): void
}

/** Makes lines of a connection to `peer`. */
export function lineSocket(socket: Socket, peer: string, listener: LineListener): LineSocket {
  let pieces: string[] = []
  let length = 0
  let over = false
  const waiting = new Set<{ readonly resolve: () => void; readonly reject: (reason: VmError) => void }>()

  const end = (reason: VmError): void => {
    if (over) return
    over = true
    pieces = []
    socket.destroySoon()
    // what a peer does not take in good time is not kept for it
    socket.setTimeout(1_000, () => socket.destroy())
    for (const { reject } of waiting) reject(reason)
    listener.closed(reason)
  }
  const lost = (why: string): void => {
    end(vmError('VM_CONNECTION', `the connection to ${peer} broke: ${why}`, { host: peer }))
  }
  const take = (piece: string): void => {
    length += piece.length
    if (length > LIMIT)
      throw vmError('VM_PROTOCOL', `${peer} sent a line of more than ${LIMIT} characters`, { host: peer })
    pieces.push(piece)
  }
  const finishLine = (): void => {
    const line = pieces.join('')
    pieces = []
    length = 0
    listener.line(line)
  }
  const read = (chunk: string): void => {
    for (let from = 0; ; ) {
      if (over) return
      const at = chunk.indexOf('\n', from)
      take(at < 0 ? chunk.slice(from) : chunk.slice(from, at))
      if (at < 0) return
      finishLine()
      from = at + 1
    }
  }

  socket.setNoDelay(true)
  socket.setKeepAlive(true, 10_000)
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    try {
      read(chunk)
    } catch (error) {
      end(isVmError(error) ? error : vmError('VM_PROTOCOL', `${peer}: ${String(error)}`, { host: peer }))
    }
  })
  socket.on('drain', () => {
    for (const { resolve } of waiting) resolve()
    waiting.clear()
  })
  // an attempt at several addresses fails with an error that has only a code
  socket.on('error', ({ message, code }: NodeJS.ErrnoException) => lost(message || String(code)))
  socket.on('close', () => lost('it was closed at the other end'))

  return {
    write(line) {
      if (over) return
      socket.write(`${line}\n`)
      if (socket.writableLength > LIMIT) lost('the other end does not read')
    },
    drained() {
      if (over || !socket.writableNeedDrain) return null
      return new Promise((resolve, reject) => {
        waiting.add({ resolve, reject })
      })
    },
    close: end,
  }
}
