import { createServer, type Server, type Socket } from 'node:net'
import { type ConnectionUri, isVmError, type Random, type VmError, vmError } from '@vmferry/core/driver'
import { narrowed, TEST_CAPABILITIES } from '../capabilities.ts'
import { hex } from '../hex.ts'
import type { World } from '../world.ts'
import { type Address, addressText } from './address.ts'
import { takeIn } from './arrival.ts'
import { serveControl } from './control.ts'
import { failureOf } from './failure.ts'
import { type LineListener, type LineSocket, lineSocket } from './line-socket.ts'
import { greeting, greetingOf, type Message } from './message.ts'
import { overTcp } from './tcp-capabilities.ts'
import { tcpWire } from './tcp-wire.ts'

/** Milliseconds until a connection must have said what it is for, and most connections at once. */
const LIMIT = 10_000
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
  const open = new Set<LineSocket>()
  const server = createServer((socket) => accept(socket))
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

  const accept = (socket: Socket): void => {
    let listener: LineListener | null = null
    let greeted = false
    let over: VmError | null = null
    const peer = `${socket.remoteAddress}:${socket.remotePort}`
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
    const lines = lineSocket(socket, peer, {
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
        open.delete(lines)
        listener?.closed(reason)
      },
    })
    open.add(lines)
    const stopLimit = world.clock.schedule(LIMIT, () =>
      refuse(vmError('VM_PROTOCOL', `nothing was said within ${LIMIT} ms`)),
    )
  }

  return {
    address,
    uri: served,
    async close() {
      const ended = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      for (const lines of open) lines.close(vmError('VM_CONNECTION', `${served} has ended`))
      await ended
    },
  }
}

const IDLE: LineListener = { line() {}, closed() {} }

function listening(server: Server, { host, port }: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
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
