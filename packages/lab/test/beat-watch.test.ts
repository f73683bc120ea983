import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BeatWatch } from '@vmferry/lab'
import { watchBeats } from '@vmferry/lab'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let folder = ''
let watch: BeatWatch | undefined
const servers: Server[] = []
const clients: Socket[] = []

/** A guest's socket on a host whose /run is `folder`/`name`; resolves to the connection of the watch. */
async function serve(name: string): Promise<Socket> {
  const server = createServer((socket) => clients.push(socket))
  servers.push(server)
  server.listen(join(folder, `${name}.beat`))
  const [socket] = (await once(server, 'connection')) as [Socket]
  return socket
}

const source = (name: string): { host: { name: string; run: string }; path: string } => ({
  host: { name, run: folder },
  path: `/run/${name}.beat`,
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'beat-watch-'))
})
afterEach(async () => {
  watch?.close()
  for (const client of clients.splice(0)) client.destroy()
  for (const server of servers.splice(0)) server.close()
  await rm(folder, { recursive: true })
})

describe('a watch', () => {
  it('waits for sockets that are not there yet, and again for ones that went', async () => {
    watch = watchBeats([source('alpha')])
    const first = await serve('alpha')
    first.write('00000001 7c3e k\n')
    await watch.until((beats) => beats.length === 1)
    first.destroy()
    servers.pop()?.close()
    const second = await serve('alpha')
    second.write('00000002 7c3e k\n')
    await watch.until((beats) => beats.length === 2)
    expect(watch.beats.map(({ tick, host }) => `${host} ${tick}`)).toEqual(['alpha 1', 'alpha 2'])
  })

  it('drops what it heard of a line before it listened', async () => {
    watch = watchBeats([source('alpha')])
    const alpha = await serve('alpha')
    alpha.write('0001 7c3e k\n00000002 7c3e k\n0000')
    await watch.until((beats) => beats.length === 1)
    alpha.write('0003 7c3e k\n')
    await watch.until((beats) => beats.length === 2)
    expect(watch.report()).toMatchObject({ lost: 0, count: 2 })
  })

  it('puts a line together that a guest began on one host and ended on another', async () => {
    watch = watchBeats([source('alpha'), source('beta')])
    const [alpha, beta] = await Promise.all([serve('alpha'), serve('beta')])
    alpha.write('00000001 7c3e k\n0000000')
    await watch.until((beats) => beats.length === 1)
    beta.write('2 7c3e k\n00000003 7c3e k\n')
    await watch.until((beats) => beats.length === 3)
    expect(watch.report()).toMatchObject({
      lost: 0,
      handOvers: [{ from: 'alpha', to: 'beta', lostTicks: 0 }],
    })
  })

  it('does so too when both hosts say what the serial port had still to send', async () => {
    watch = watchBeats([source('alpha'), source('beta')])
    const [alpha, beta] = await Promise.all([serve('alpha'), serve('beta')])
    alpha.write('0000254b 0bce k\n0000254c')
    await watch.until((beats) => beats.length === 1)
    beta.write('4c 0bce k\n0000254d 0bce k\n')
    await watch.until((beats) => beats.length === 3)
    expect(watch.report()).toMatchObject({ lost: 0, backwards: 0, doubled: 0 })
    // more than two registers hold is no pause of a port
    alpha.write('\n0000254e')
    beta.write('54e 0bce k\n0000254f 0bce k\n')
    await watch.until((beats) => beats.length === 4)
    expect(watch.report()).toMatchObject({ lost: 1 })
  })

  it('does so too when the end is read before the beginning', async () => {
    watch = watchBeats([source('alpha'), source('beta')])
    const [alpha, beta] = await Promise.all([serve('alpha'), serve('beta')])
    beta.write('2 7c3e k\n00000003 7c3e k\n')
    await watch.until((beats) => beats.length === 1)
    alpha.write('00000001 7c3e k\n0000000')
    await watch.until((beats) => beats.length === 3)
    expect(watch.report()).toMatchObject({
      lost: 0,
      backwards: 0,
      handOvers: [{ from: 'alpha', to: 'beta', lostTicks: 0 }],
    })
  })

  it('says what it heard last when what was waited for does not come', async () => {
    watch = watchBeats([source('alpha')])
    await expect(watch.until(() => false, { timeout: 20 })).rejects.toThrow('no beat was heard at all')
    const alpha = await serve('alpha')
    alpha.write('00000001 7c3e k\n')
    await watch.until((beats) => beats.length === 1)
    await expect(watch.until(() => false, { timeout: 20 })).rejects.toThrow('1 beats was 1 from alpha')
  })

  it('ends a wait by its signal, by an error of the predicate and by its own end', async () => {
    watch = watchBeats([source('alpha')])
    const reason = new Error('enough')
    await expect(watch.until(() => false, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const wrong = (): boolean => {
      throw reason
    }
    await expect(watch.until(wrong)).rejects.toBe(reason)
    const waiting = watch.until(() => false)
    watch.close()
    await expect(waiting).rejects.toThrow('the watch was closed')
    await expect(watch.until(() => true)).rejects.toThrow('the watch was closed')
  })
})
