import { createServer, type Server, type Socket } from 'node:net'
import { type ConnectionUri, type Random, vmError } from '@vmferry/core/driver'
import { narrowed, TEST_CAPABILITIES } from '../capabilities.ts'
import { hex } from '../hex.ts'
import type { World } from '../world.ts'
import { type Address, addressText } from './address.ts'
import { takeIn } from './arrival.ts'
import { serveControl } from './control.ts'
import type { LineListener, LineSocket } from './line-socket.ts'
import { greeting, type Message } from './message.ts'
import { receive } from './reception.ts'
import { overTcp } from './tcp-capabilities.ts'
import { tcpWire } from './tcp-wire.ts'

/** Most connections at once. */
const MOST = 256

/** What is served where. */
export interface HostService {
  readonly world: World
  /** The one host of the world that is served. */
  readonly name: string
  readonly listen: Address
  readonly random: Random
}

/** A host that is served. */
export interface ServedHost {
  /** Where it listens: the port is the real one. */
  readonly address: Address
  /** What to connect to: `test+tcp://127.0.0.1:7070/default`. */
  readonly uri: string
  /** Ends all connections. */
  close(): Promise<void>
}

/** Serves a host of a world, which has a clock, to other processes. VM_CONNECTION if it cannot listen there. */
export async function serveHost({ world, name, listen, random }: HostService): Promise<ServedHost> {
  const host = world.host(name)
  host.id ??= hex(random.bytes(8))
  const wire = tcpWire(world, world.clock)
  const arriving = new Set<string>()
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    receive(socket, world.clock, listenerFor)
  })
  server.maxConnections = MOST
  const address = await listening(server, listen)
  const served = `test+tcp://${addressText(address)}/${name}`
  const uri: ConnectionUri = {
    text: served,
    driver: 'test',
    transport: 'tcp',
    user: null,
    ...address,
    path: `/${name}`,
    query: {},
  }

  /** What a connection is for, from its first line. */
  const listenerFor = async (asked: Message, lines: LineSocket): Promise<LineListener> => {
    if (asked['for'] === 'control') {
      if (asked['host'] !== name)
        throw vmError('VM_NOT_FOUND', `there is no host of that name at ${addressText(address)}`, {
          remedy: `it has ${name}`,
        })
      const { without, fencing } = asked
      const lacking = Array.isArray(without) ? without.map(String) : []
      const fenced = typeof fencing === 'string' ? fencing : null
      const capabilities = overTcp(narrowed(TEST_CAPABILITIES, { without: lacking, fencing: fenced }))
      return serveControl(uri, { world, host, capabilities, wire }, lines)
    }
    if (asked['for'] === 'stream') return takeIn(host, String(asked['migration']), lines, arriving)
    if (asked['for'] !== 'probe') throw vmError('VM_PROTOCOL', 'a connection for nothing that is known here')
    lines.write(greeting({ hostId: host.id }))
    return IDLE
  }

  return {
    address,
    uri: served,
    async close() {
      const ended = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      for (const socket of open) socket.destroy()
      await ended
    },
  }
}

const IDLE: LineListener = { line() {}, closed() {} }

function listening(server: Server, { host, port }: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      const taken = code === 'EADDRINUSE'
      const words = taken ? 'something listens there already' : message
      reject(
        vmError('VM_CONNECTION', `cannot listen on ${addressText({ host, port })}: ${words}`, {
          remedy: `${taken ? 'end it' : 'choose another address'}, or let a free port be picked: --listen 127.0.0.1:0`,
        }),
      )
    })
    server.listen({ host, port }, () => {
      const found = server.address()
      resolve({ host, port: typeof found === 'object' && found !== null ? found.port : port })
    })
  })
}
