import { Duplex } from 'node:stream'
import { vmError } from '@vmferry/core/driver'
import { acceptQueue, type Listening } from './accept-queue.ts'

/** UNIX sockets in memory. */
export interface MemorySockets {
  /** Whether somebody listens there. */
  has(path: string): boolean
  dial(path: string): Duplex
  listen(path: string): Listening
  /** Ends every socket and connection, as a loss of power does. */
  reset(): void
}

export function memorySockets(place: string): MemorySockets {
  const listeners = new Map<string, Listening>()
  const streams = new Set<Duplex>()
  return {
    has: (path) => listeners.has(path),
    dial(path) {
      const listening = listeners.get(path)
      if (!listening) throw vmError('VM_NOT_FOUND', `there is no socket ${path} on ${place}`, { host: place })
      const [here, there] = duplexPair()
      for (const stream of [here, there]) {
        streams.add(stream)
        stream.once('close', () => streams.delete(stream))
        stream.on('error', () => {})
      }
      listening.accepted.push(there)
      return here
    },
    listen(path) {
      if (listeners.has(path)) {
        throw vmError('VM_BUSY', `somebody listens on ${path} on ${place} already`, { host: place })
      }
      const accepted = acceptQueue()
      const listening: Listening = {
        accepted,
        async close() {
          accepted.end()
          if (listeners.get(path) === listening) listeners.delete(path)
        },
      }
      listeners.set(path, listening)
      return listening
    },
    reset() {
      for (const listening of listeners.values()) listening.accepted.end()
      listeners.clear()
      for (const stream of streams) stream.destroy()
    },
  }
}

/** Two ends of one connection. What one writes waits until the other reads it. */
function duplexPair(): [Duplex, Duplex] {
  const ends: Duplex[] = []
  const taken: (() => void)[] = [() => {}, () => {}]
  const release = (side: number): void => {
    const go = taken[side]
    taken[side] = () => {}
    go?.()
  }
  const make = (mine: number, other: number): Duplex =>
    new Duplex({
      allowHalfOpen: true,
      read: () => release(other),
      write(chunk, _encoding, callback) {
        const peer = ends[other]
        if (peer === undefined || peer.destroyed) return callback(new Error('the other side has closed'))
        taken[mine] = callback
        if (peer.push(chunk)) release(mine)
      },
      final(callback) {
        ends[other]?.push(null)
        callback()
      },
      destroy(error, callback) {
        // Whoever still waits for the other side to read is told that it never will.
        release(mine)
        release(other)
        const peer = ends[other]
        if (peer !== undefined && !peer.destroyed && !peer.readableEnded) setImmediate(() => peer.push(null))
        callback(error)
      },
    })
  const pair: [Duplex, Duplex] = [make(0, 1), make(1, 0)]
  ends.push(...pair)
  return pair
}
