import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { isVmError } from '@vmferry/core'
import { qmp } from '@vmferry/qmp'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Failure } from '../../../qmp/src/failure.ts'
import { wire } from '../../../qmp/src/wire.ts'
import { HOSTILE_MESSAGES } from './qmp-messages.ts'
import { connected, GREETING, qmpPeer } from './qmp-peer.ts'

const MEBIBYTE = 2 ** 20
const CODES = new Set(['VM_CONNECTION', 'VM_PROTOCOL', 'VM_PHASE_FAILED', 'VM_NOT_FOUND', 'VM_UNSUPPORTED'])

/** A session with everything that can wait in it. Resolves with what became of all that waited. */
async function session(negotiated: boolean, said: readonly (string | Uint8Array)[]): Promise<unknown[]> {
  const peer = qmpPeer()
  const waits: Promise<unknown>[] = []
  if (negotiated) {
    const client = await connected(peer)
    waits.push(
      client.execute('query-status'),
      client.raw('x'),
      client.waitFor('STOP'),
      client.waitFor(() => false),
    )
    waits.push(client.closed)
  } else waits.push(qmp(peer.stream))
  for (const wait of waits) wait.catch(() => {})
  for (const bytes of said) peer.say(bytes)
  peer.hangUp()
  const outcomes = await Promise.allSettled(waits)
  if (!peer.stream.destroyed) throw new Error('the stream is still open')
  return outcomes.map(
    (outcome) => (outcome.status === 'rejected' ? outcome.reason : outcome.value) as unknown,
  )
}

/** Everything settled, by a typed error or, where the peer happened to answer, by a value. */
function expectSettled(outcomes: readonly unknown[]): void {
  for (const outcome of outcomes)
    if (outcome instanceof Error && !(isVmError(outcome) && CODES.has(outcome.code))) throw outcome
}

/** One to four pieces of nonsense, in which a seed decides: drawn from pools, because drawing anew would take most of the time. */
function generatedChatter(): () => Buffer[] {
  const value = fc.sample(fc.json({ maxDepth: 2 }), 2000)
  const raw = fc.sample(fc.uint8Array({ maxLength: 30 }), 2000).map((bytes) => Buffer.from(bytes))
  const keys = ['event', 'return', 'error', 'id', 'data', 'QMP', '__proto__', 'timestamp', 'a']
  let [state] = fc.sample(fc.integer({ min: 1 }), 1)
  const draw = (below: number): number => {
    state = (Math.imul(state ?? 1, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
  const any = <T>(from: readonly T[]): T => from[draw(from.length)] as T
  const object = (): Buffer => Buffer.from(`{"${any(keys)}":${any(value)},"${any(keys)}":${any(value)}}`)
  const makers: readonly (() => Buffer)[] = [
    object,
    object,
    () => Buffer.from(any(HOSTILE_MESSAGES)),
    () => any(raw),
    () => Buffer.from(GREETING),
    () => {
      const bytes = object()
      bytes[draw(bytes.length)] = draw(256)
      return bytes
    },
  ]
  return () => Array.from({ length: 1 + draw(4) }, () => any(makers)())
}

describe('a peer of the monitor that is no QEMU', () => {
  test.each(HOSTILE_MESSAGES.map((text) => [JSON.stringify(text.slice(0, 50)), text] as const))(
    'may say %s before and after the greeting: all that waits settles, cut at any byte',
    async (_, text) => {
      const bytes = Buffer.from(text)
      const places = Array.from({ length: Math.min(bytes.length, 80) }, (__, at) => at)
      for (const at of places) {
        const said = [bytes.subarray(0, at), bytes.subarray(at)]
        expectSettled(await session(true, said))
        const [before] = await session(false, said)
        expect(isVmError(before) && ['VM_PROTOCOL', 'VM_CONNECTION'].includes(before.code)).toBe(true)
      }
      expect(Object.keys(Object.prototype)).toEqual([])
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )

  test('100,000 generated streams end once each, by a failure with a code or by their end', () => {
    const chatter = generatedChatter()
    // Most of the time would go into stack traces that nobody reads.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    const codes = { VM_PROTOCOL: 0, VM_CONNECTION: 0 }
    for (let run = 0; run < 100_000; run++) {
      const stream = Object.assign(new EventEmitter(), { destroyed: false, destroy: () => {} })
      const failures: Failure[] = []
      wire(stream as unknown as Duplex, 8192, {
        message: () => undefined,
        ended: (failure) => failures.push(failure),
      })
      for (const bytes of chatter()) stream.emit('data', bytes)
      stream.emit('end')
      const [failure, ...more] = failures
      if (!failure || more.length > 0) throw new Error(`it ended ${failures.length} times`)
      codes[failure.code as keyof typeof codes]++
    }
    Error.stackTraceLimit = stackTraceLimit
    expect(codes.VM_PROTOCOL + codes.VM_CONNECTION).toBe(100_000)
    expect(Math.min(codes.VM_PROTOCOL, codes.VM_CONNECTION)).toBeGreaterThan(10_000)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('5,000 generated conversations leave no promise pending and no error without a code', async () => {
    const chatter = generatedChatter()
    let settled = 0
    for (let run = 0; run < 5_000; run++) {
      const outcomes = await session(run % 3 === 0, chatter())
      expectSettled(outcomes)
      settled += outcomes.length
    }
    expect(settled).toBeGreaterThan(10_000)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('two replies and an event in one chunk reach their callers; doubled, foreign and late ones reach nobody', async () => {
    const peer = qmpPeer()
    const client = await connected(peer)
    const calls = [client.raw('one'), client.raw('two'), client.raw('three')]
    const stop = client.waitFor('STOP')
    const [, one, two, three] = await peer.ids(4)
    peer.say(
      `{"return":2,"id":"${two}"}{"event":"STOP","data":{}}\n{"return":1,"id":"${one}"}{"return":9,"id":"${one}"}` +
        `{"return":9,"id":"${one?.replace(/^./, 'z')}"}{"return":9,"id":"constructor"}{"return":3,"id":"${three}"}`,
    )
    expect(await Promise.all(calls)).toEqual([1, 2, 3])
    expect((await stop).event).toBe('STOP')
    await client.close()
  })

  test('numbers beyond 2^53 arrive exactly, those beyond 64 bits end the session', async () => {
    const peer = qmpPeer()
    const client = await connected(peer)
    const call = client.raw('x')
    const [, first] = await peer.ids(2)
    peer.say(`{"return":[9007199254740993,-9223372036854775808,18446744073709551615],"id":"${first}"}`)
    expect(await call).toEqual([9007199254740993n, -9223372036854775808n, 18446744073709551615n])
    const next = client.raw('x')
    const [, , second] = await peer.ids(3)
    peer.say(`{"return":${'1'.repeat(21)},"id":"${second}"}`)
    await expect(next).rejects.toMatchObject({ code: 'VM_PROTOCOL' })
  })

  test.each([
    ['nested 10,000 deep', Buffer.from('['.repeat(10_000))],
    ['invalid UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
    ['half a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a character cut short', Buffer.from([0x22, 0xf0, 0x9f, 0x9a, 0x22])],
  ])('a reply with %s ends the session with VM_PROTOCOL', async (_, value) => {
    const peer = qmpPeer()
    const client = await connected(peer)
    const call = client.raw('x')
    const [, id] = await peer.ids(2)
    peer.say(Buffer.concat([Buffer.from('{"return":'), value, Buffer.from(`,"id":"${id}"}`)]))
    await expect(call).rejects.toMatchObject({ code: 'VM_PROTOCOL' })
    expect(await client.closed).toMatchObject({ code: 'VM_PROTOCOL' })
  })

  test('a line of 100 MB is refused, and no more than 64 MiB of memory is taken for it', async () => {
    const peer = qmpPeer()
    const client = await connected(peer)
    const call = client.raw('x')
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const before = process.memoryUsage().rss
    let most = before
    peer.say('{"return":"')
    for (let sent = 0; sent < 100 * MEBIBYTE; sent += chunk.length) {
      peer.say(chunk)
      most = Math.max(most, process.memoryUsage().rss)
    }
    await expect(call).rejects.toMatchObject({ code: 'VM_PROTOCOL' })
    expect(most - before).toBeLessThan(64 * MEBIBYTE)
  })

  test('a flood of 200,000 events neither keeps memory nor keeps the reply away', async () => {
    const peer = qmpPeer()
    const client = await connected(peer)
    let seen = 0
    client.on('*', () => {
      seen++
    })
    const call = client.raw('x')
    const [, id] = await peer.ids(2)
    const thousand = Buffer.from(
      '{"event":"BLOCK_JOB_READY","data":{"device":"d"},"timestamp":{"seconds":1,"microseconds":2}}\r\n'.repeat(
        1000,
      ),
    )
    const before = process.memoryUsage().rss
    for (let sent = 0; sent < 200; sent++) peer.say(thousand)
    peer.say(`{"return":"here","id":"${id}"}`)
    expect(await call).toBe('here')
    expect(seen).toBe(200_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * MEBIBYTE)
    await client.close()
  })

  test('a reply that breaks off anywhere rejects with VM_CONNECTION', async () => {
    const reply = '{"return":{"status":"running","x":[1,{"y":"\\u00e9 é"}]},"id":"'
    for (let at = 0; at <= reply.length; at++)
      for (const outcome of await session(true, [reply.slice(0, at)]))
        expect(outcome).toMatchObject({ code: 'VM_CONNECTION' })
  })
})
