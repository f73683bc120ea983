import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { fakeClock } from './fake-clock.ts'
import { connected, peer, served, spoken } from './served-hosts.ts'
import { begin, callOf, refusal, requestOf } from './two-hosts.ts'

const call = callOf('m-1', 1)
const HELLO = '{"vmferry-test":1,"hostId":"h","hypervisor":"fake"}\n'
const control = (more: object = {}): string =>
  JSON.stringify({ 'vmferry-test': 1, for: 'control', host: 'default', without: [], fencing: null, ...more })

describe('a connection to something that is no test host', () => {
  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\n', "'SSH-2.0-OpenSSH_9.2'"],
    ['another version', '{"vmferry-test":2}\n', "version '2'"],
    ['no version', '{}\n', 'no version'],
    ['a list', '[]\n', "'[]'"],
    ['control characters', '\u0007\u001b[31m\n', "'??[31m'"],
  ])('is refused with VM_PROTOCOL: %s', async (_, words, told) => {
    const fake = await peer((socket) => socket.write(words))
    const error = await refusal(connected(fake))
    expect(error).toMatchObject({ code: 'VM_PROTOCOL', remedy: expect.any(String) })
    expect(error.message).toContain(told)
  })

  test('is VM_PROTOCOL for a line that does not end, and holds no more of it than the limit', async () => {
    let sent = 0
    const fake = await peer((socket) => {
      const more = (): void => {
        do sent += 65_536
        while (socket.write('x'.repeat(65_536)))
        socket.once('drain', more)
      }
      more()
    })
    expect((await refusal(connected(fake))).message).toContain('a line of more than 16777216 characters')
    expect(sent).toBeLessThan(2 * 16_777_216)
  })

  test('is VM_CONNECTION for one that says nothing, after a bounded time', async () => {
    const clock = fakeClock()
    const fake = await peer(() => {})
    const connecting = refusal(connected(fake, {}, { clock }))
    await clock.advance(9_999)
    await clock.advance(2)
    expect(await connecting).toMatchObject({ code: 'VM_CONNECTION' })
  })

  test('is VM_CONNECTION for one that hangs up, and ends with the signal', async () => {
    const rude = await peer((socket) => socket.end())
    expect((await refusal(connected(rude))).code).toBe('VM_CONNECTION')
    const mute = await peer(() => {})
    const stop = new AbortController()
    const connecting = refusal(connected(mute, {}, { signal: stop.signal }))
    stop.abort(new Error('enough'))
    expect((await connecting).code).toBe('VM_ABORTED')
    expect((await refusal(connected(mute, {}, { signal: stop.signal }))).code).toBe('VM_ABORTED')
  })
})

test.each([
  ['garbage', () => 'no json\n'],
  ['an answer to nothing', () => '{"id":77,"value":[]}\n'],
  ['an answer without a number', () => '{"value":[]}\n'],
])('a peer that answers %s ends the connection with VM_PROTOCOL', async (_, answer) => {
  const fake = await peer((socket) => {
    socket.once('data', () => {
      socket.write(HELLO)
      socket.once('data', () => socket.write(answer()))
    })
  })
  const here = await connected(fake)
  expect((await refusal(here.domains(call))).code).toBe('VM_PROTOCOL')
  expect((await refusal(here.domains(call))).code).toBe('VM_CONNECTION')
})

test('an error that a peer makes up is told as it can be, and a half that is none is VM_PROTOCOL', async () => {
  const answers = ['{"error":7}', '{"error":{"code":"VM_BUSY","message":"m","causes":[7]}}', '{"value":7}']
  const fake = await peer((socket) => {
    socket.once('data', () => {
      socket.write(HELLO)
      socket.on('data', (line) => {
        const { id } = JSON.parse(String(line)) as { id: number }
        socket.write(`${JSON.stringify({ id, ...JSON.parse(answers.shift() ?? '{}') })}\n`)
      })
    })
  })
  const here = await connected(fake)
  expect((await refusal(here.domains(call))).code).toBe('VM_PROTOCOL')
  expect(await refusal(here.domains(call))).toMatchObject({ code: 'VM_BUSY', causes: [] })
  expect((await refusal(here.source!.recall('m-1', call))).code).toBe('VM_PROTOCOL')
})

describe('a test host', () => {
  test.each([
    ['garbage', ['hello'], 'VM_PROTOCOL'],
    ['another version', ['{"vmferry-test":0}'], 'VM_PROTOCOL'],
    ['a purpose that is none', ['{"vmferry-test":1,"for":"fun"}'], 'VM_PROTOCOL'],
    ['garbage later on', [control(), 'hello'], 'VM_PROTOCOL'],
    ['a call without a number', [control(), '{"method":"domains"}'], 'VM_PROTOCOL'],
    [
      'a stream that nobody waits for',
      ['{"vmferry-test":1,"for":"stream","migration":"m-9"}'],
      'VM_PHASE_FAILED',
    ],
  ])('answers %s with words, and closes', async (_, lines, code) => {
    const heard = (await spoken(await served('default'), ...lines)).trimEnd().split('\n')
    expect(JSON.parse(heard.at(-1) ?? '')).toMatchObject({ error: { code, message: expect.any(String) } })
  })

  test.each(['constructor', '__proto__', 'toString', 'close', 'source', 'perform', 'hasOwnProperty', ''])(
    'calls only what is on its list: not %j',
    async (method) => {
      const one = await served('default')
      const ask = JSON.stringify({ id: 1, method, given: [] })
      const heard = await spoken(one, control(), ask, 'bye')
      expect(heard).toContain('"id":1,"error":{"code":"VM_PROTOCOL"')
    },
  )

  test('calls only halves that it has given, and takes arguments as they come', async () => {
    const one = await served('default')
    const lines = [
      { method: 'abort', half: 0, given: ['x'] },
      { method: 'abort', half: '__proto__', given: ['x'] },
      { method: 'checkSource', given: 'x' },
      { method: 'checkSource', given: ['web1', null] },
      { method: 'begin', given: ['web1', { __proto__: null }], migration: {}, epoch: 'x' },
      { method: 'start', given: ['x', 7] },
      { method: 'claim', given: ['web1', 'x'] },
    ].map((line, id) => JSON.stringify({ id, ...line }))
    const heard = (await spoken(one, control(), ...lines, 'bye')).trimEnd().split('\n')
    expect(heard).toHaveLength(lines.length + 2)
    for (const line of heard.slice(1)) expect(JSON.parse(line)).toHaveProperty('error')
    expect(await (await connected(one)).domains(call)).toHaveLength(2)
  })

  test('keeps little for a peer that does not read, and lets it go', async () => {
    const one = await served('default')
    const { sessions } = one.world.host('default')
    const socket = connect(one.address)
    socket.on('error', () => {})
    socket.write(`${control()}\n`)
    await new Promise((resolve) => {
      socket.once('data', resolve)
    })
    socket.pause()
    expect(sessions.size).toBe(1)
    const lines = (from: number): string =>
      Array.from(
        { length: 1_000 },
        (_, at) => `${JSON.stringify({ id: from + at, method: 'domains' })}\n`,
      ).join('')
    for (let from = 0; sessions.size > 0; from += 1_000) {
      socket.write(lines(from))
      await new Promise(setImmediate)
    }
    socket.destroy()
  })

  test('takes so many calls at once and not more', async () => {
    const one = await served('default')
    one.world.faults.add({ at: 'claim', kind: 'hang', times: 256 })
    const here = await connected(one)
    const hanging = Array.from({ length: 256 }, () => refusal(here.claim('web1', 1, callOf('m-1', 1))))
    expect((await refusal(here.domains(call))).code).toBe('VM_BUSY')
    await here.close()
    for (const { code } of await Promise.all(hanging)) expect(code).toBe('VM_CONNECTION')
  })

  test('takes in one stream at a time, and only what is part of it', async () => {
    const [one, two] = [await served('default'), await served('beta')]
    const [here, there] = [await connected(one), await connected(two)]
    const request = requestOf(here, there, { transport: 'tcp' })
    const { offer } = await begin(here.source!, request, call)
    const incoming = await there.target!.prepare(offer, request, call)
    const stream = '{"vmferry-test":1,"for":"stream","migration":"m-1"}'
    const words = Array.from({ length: 16 }, () => 7)
    for (const line of [
      { page: 256, words },
      { page: -1, words },
      { page: '0', words },
      { page: 0, words: [1] },
      { page: 0, words: '0123456789abcdef' },
      { end: { counter: -1, written: 0, dirtyPerSecond: 0 } },
      { end: 7 },
    ])
      expect(await spoken(two, stream, JSON.stringify(line))).toContain('"code":"VM_PROTOCOL"')
    const first = connect(two.address)
    first.write(`${stream}\n`)
    await new Promise((resolve) => {
      first.once('data', resolve)
    })
    expect(await spoken(two, stream)).toContain('another stream of this migration is open')
    first.destroy()
    await incoming.abort('a test', call)
  })
})
