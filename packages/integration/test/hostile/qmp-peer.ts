import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { type QmpClient, qmp } from '@vmferry/qmp'

export const GREETING =
  '{"QMP":{"version":{"qemu":{"micro":0,"minor":2,"major":7},"package":""},"capabilities":["oob"]}}\r\n'

/** A client's stream whose other end is a test: bytes are handed over at once, without the event loop in between. */
export interface QmpPeer {
  readonly stream: PassThrough
  /** The ids of the commands that the client has sent, as soon as there are so many. */
  ids(count: number): Promise<readonly string[]>
  say(bytes: string | Uint8Array): void
  /** The stream ends, as when the process has died. */
  hangUp(): void
}

export function qmpPeer(): QmpPeer {
  const ids: string[] = []
  const stream = new PassThrough()
  stream.write = ((text: string) => {
    ids.push(...Array.from(text.matchAll(/"id":"([^"]*)"/g), ([, id = '']) => id))
    return true
  }) as PassThrough['write']
  return {
    stream,
    async ids(count) {
      while (ids.length < count) await setImmediate()
      return ids
    },
    say: (bytes) => stream.emit('data', typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
    hangUp: () => stream.emit('end'),
  }
}

/** Greets and negotiates. */
export async function connected(peer: QmpPeer): Promise<QmpClient> {
  const connecting = qmp(peer.stream)
  peer.say(GREETING)
  const [id] = await peer.ids(1)
  peer.say(`{"return":{},"id":"${id}"}`)
  return connecting
}
