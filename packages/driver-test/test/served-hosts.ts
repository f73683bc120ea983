import { connect, createServer, type Server, type Socket } from 'node:net'
import { createFerry, type Ferry } from '@vmferry/core'
import type { DriverConnection } from '@vmferry/core/driver'
import { onTestFinished } from 'vitest'
import {
  createWorld,
  type TestOptions,
  test as testDriver,
  type World,
  type WorldOptions,
} from '../src/index.ts'
import { type ServedHost, serveHost } from '../src/net/serve-host.ts'
import { systemClock, systemRandom } from '../src/net/system.ts'
import { callOf, contextOf } from './two-hosts.ts'

/** A host that is served, and the world that a process of its own would hide. */
export interface Served extends ServedHost {
  readonly world: World
}

/** A host with a world of its own on a free port; fast, unless the test says otherwise. */
export async function served(name: string, options: WorldOptions = {}): Promise<Served> {
  const fast = { linkBytesPerSecond: Number.POSITIVE_INFINITY }
  const world = createWorld({ clock: systemClock, random: systemRandom, ...fast, ...options })
  const host = await serveHost({ world, name, listen: LOCAL, random: systemRandom })
  onTestFinished(() => host.close())
  return { ...host, world }
}

const LOCAL = { host: '127.0.0.1', port: 0 }

/** The ferry of one test. */
export function ferry(): Ferry {
  const made: Ferry = createFerry({ drivers: [testDriver()] })
  onTestFinished(() => made.close())
  return made
}

/** A connection of the driver itself. */
export async function connected(
  host: Pick<ServedHost, 'address' | 'uri'>,
  query: Readonly<Record<string, string>> = {},
  options: TestOptions & { readonly clock?: typeof systemClock; readonly signal?: AbortSignal } = {},
): Promise<DriverConnection> {
  const path = new URL(host.uri).pathname
  const uri = { driver: 'test', transport: 'tcp', user: null, ...host.address, path, query, text: host.uri }
  const context = { ...contextOf(options.clock as never), clock: options.clock ?? systemClock }
  const driver = testDriver(options)
  const connection = await driver.connect(uri, context, callOf('m-1', 1, options.signal))
  onTestFinished(() => connection.close())
  return connection
}

/** Something that listens on a free port and is no test host. */
export async function peer(accept: (socket: Socket) => void): Promise<Pick<ServedHost, 'address' | 'uri'>> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    accept(socket)
  })
  await new Promise<void>((resolve) => {
    server.listen(LOCAL, resolve)
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return { address: { host: LOCAL.host, port }, uri: `test+tcp://127.0.0.1:${port}/default` }
}

/** Sends lines to a host as they are, and reads all that it answers until it closes. */
export function spoken({ address }: ServedHost, ...lines: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    let next = 0
    const socket = connect(address)
    const speak = (): void => {
      const line = lines[next]
      next += 1
      if (line !== undefined) socket.write(`${line}\n`)
    }
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text
      speak()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
    socket.on('connect', speak)
  })
}
