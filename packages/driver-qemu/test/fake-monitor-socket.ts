import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** A QEMU's monitor on a UNIX socket, in the lines that QEMU 7.2 writes. It answers each command with its arguments. */
export interface FakeMonitorSocket {
  /** The commands that it was given, without the negotiation. */
  readonly heard: readonly { readonly execute: string; readonly id?: unknown }[]
  /** Tells everybody something. */
  event(name: string, data?: object): void
  close(): void
}

const GREETING = {
  QMP: {
    version: { qemu: { micro: 22, minor: 2, major: 7 }, package: 'Debian 1:7.2+dfsg-7+deb12u18+b3' },
    capabilities: ['oob'],
  },
}

export async function fakeMonitorSocket(path: string): Promise<FakeMonitorSocket> {
  const clients = new Set<Socket>()
  const heard: { execute: string; id?: unknown }[] = []
  const say = (socket: Socket, message: object): void => {
    socket.write(`${JSON.stringify(message)}\r\n`)
  }
  const server: Server = createServer((socket) => {
    clients.add(socket)
    say(socket, GREETING)
    createInterface({ input: socket }).on('line', (line) => {
      const {
        execute,
        id,
        arguments: given = {},
      } = JSON.parse(line) as {
        execute: string
        id?: unknown
        arguments?: object
      }
      if (execute !== 'qmp_capabilities') heard.push({ execute, ...(id !== undefined && { id }) })
      say(socket, { return: given, ...(id !== undefined && { id }) })
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    heard,
    event(name, data = {}) {
      for (const socket of clients)
        say(socket, { timestamp: { seconds: 1, microseconds: 2 }, event: name, data })
    },
    close() {
      for (const socket of clients) socket.destroy()
      server.close()
    },
  }
}
