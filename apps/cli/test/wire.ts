import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Lab } from '@vmferry/lab'

/** An address that alpha and beta both have: what alpha sends there passes the test before it comes to beta. */
const ADDRESS = '10.77.0.9'
const PORT = 4999

/** Carries each connection on; the words are where it listens and where it leads, each a path or address and port. */
const CARRY = `
const { connect, createServer } = require('node:net')
const place = (word) => (word.startsWith('/') ? { path: word } : { host: word.split(':')[0], port: word.split(':')[1] })
const [from, to] = process.argv.slice(1).map(place)
createServer((near) => {
  const far = connect(to)
  for (const [one, other] of [[near, far], [far, near]]) one.on('error', () => {}).on('close', () => other.destroy())
  near.pipe(far).pipe(near)
}).listen(from, () => console.log('listening'))
`

/** A cable from alpha to beta that tells what went over it. */
export interface Wire extends AsyncDisposable {
  /** Where alpha is to send. */
  readonly place: string
  /** How many connections came, and whether what they carried to beta has these words in it. */
  heard(words: string): { readonly connections: number; readonly bytes: number; readonly found: boolean }
}

/** Lays a cable through this process. */
export async function tapWire(lab: Lab): Promise<Wire> {
  const streams: Buffer[][] = []
  const open: Socket[] = []
  const [near, far] = [lab.alpha, lab.beta].map(({ run }) => join(run, 'wire.sock'))
  const server = createServer((from) => {
    const chunks: Buffer[] = []
    streams.push(chunks)
    const to = connect(far ?? '')
    open.push(from, to)
    from.on('data', (chunk: Buffer) => chunks.push(chunk))
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy())
    from.pipe(to).pipe(from)
  })
  server.listen(near)
  await once(server, 'listening')
  const ends = [
    [lab.alpha, `${ADDRESS}:${PORT}`, '/run/wire.sock'],
    [lab.beta, '/run/wire.sock', `${ADDRESS}:${PORT}`],
  ] as const
  const carriers = await Promise.all(
    ends.map(async ([host, from, to]) => {
      await host.exec(['ip', 'address', 'add', `${ADDRESS}/32`, 'dev', 'lo'])
      const carrier = host.spawn([process.execPath, '-e', CARRY, from, to])
      await once(carrier.stdout ?? carrier, 'data')
      return carrier
    }),
  )
  return {
    place: `${ADDRESS}:${PORT}`,
    heard(words) {
      const all = streams.map((chunks) => Buffer.concat(chunks))
      const bytes = all.reduce((sum, { length }) => sum + length, 0)
      return { connections: all.length, bytes, found: all.some((stream) => stream.includes(words)) }
    },
    async [Symbol.asyncDispose]() {
      for (const carrier of carriers) carrier.kill('SIGKILL')
      for (const socket of open) socket.destroy()
      server.close()
      for (const [host] of ends) await host.exec(['ip', 'address', 'del', `${ADDRESS}/32`, 'dev', 'lo'])
      await Promise.all([near, far].map((path) => rm(path ?? '', { force: true })))
    },
  }
}
