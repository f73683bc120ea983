import { describe, expect, test } from 'vitest'
import { qmpErrorClass } from '../src/index.ts'
import { withCode } from './error-match.ts'
import { fakeClock } from './fake-clock.ts'
import { fakeMonitor, GREETING } from './fake-monitor.ts'

describe('commands', () => {
  test('a reply finds its command after events and in any order', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    const events: string[] = []
    client.on('*', ({ event }) => events.push(event))
    const status = client.execute('query-status')
    const name = client.execute('query-name')
    const [first, second] = [await monitor.next(), await monitor.next()]
    monitor.say(`{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"}\r\n{"event": "RESUME"}`)
    monitor.answer(second, { name: 'web1' })
    monitor.say('{"return": 1, "id": "another client\'s"}{"return": 2, "id": 7}{"return": 3}')
    monitor.answer(first, { status: 'running', running: true })
    expect(await status).toEqual({ status: 'running', running: true })
    expect(await name).toEqual({ name: 'web1' })
    expect(events).toEqual(['STOP', 'RESUME'])
    await client.close()
  })

  test.each([
    ['CommandNotFound', 'VM_UNSUPPORTED'],
    ['DeviceNotFound', 'VM_NOT_FOUND'],
    ['GenericError', 'VM_PHASE_FAILED'],
    ['ClassOfTheFuture', 'VM_PHASE_FAILED'],
    ['__proto__', 'VM_PHASE_FAILED'],
  ])('an error of class %s is %s with the words of QEMU', async (qmpClass, code) => {
    const monitor = fakeMonitor()
    const client = await monitor.connect({ host: 'beta' })
    const call = client.execute('cont')
    const { id } = await monitor.next()
    monitor.say(JSON.stringify({ id, error: { class: qmpClass, desc: 'No bootable device' } }))
    const error: unknown = await call.catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code,
      host: 'beta',
      causes: [{ host: 'beta', words: 'No bootable device' }],
    })
    expect(qmpErrorClass(error)).toBe(qmpClass)
    expect(qmpErrorClass(new Error('other'))).toBeUndefined()
    await client.close()
  })

  test('an error without an id fails the whole session', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    const calls = [client.execute('query-status'), client.execute('cont')]
    await monitor.next()
    monitor.say('{"error": {"class": "GenericError", "desc": "JSON parse error, stray \'x\'"}}\r\n')
    for (const call of calls) await expect(call).rejects.toThrow(withCode('VM_PROTOCOL'))
    expect(await client.closed).toMatchObject({
      code: 'VM_PROTOCOL',
      causes: [{ words: "JSON parse error, stray 'x'" }],
    })
    await expect(client.execute('cont')).rejects.toThrow(withCode('VM_CONNECTION'))
  })

  test.each([
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a bomb of brackets', Buffer.from(`{"return": ${'['.repeat(2000)}`)],
    ['a message too large', Buffer.from(`{"return": "${'x'.repeat(70_000)}"}`)],
    ['a second greeting', Buffer.from(GREETING)],
    ['broken JSON', Buffer.from('{"return": }')],
  ])('%s fail the session and destroy the stream', async (_, bytes) => {
    const monitor = fakeMonitor()
    const client = await monitor.connect({ maxMessageBytes: 65_536 })
    const call = client.execute('query-status')
    await monitor.next()
    monitor.say(bytes)
    await expect(call).rejects.toThrow(withCode('VM_PROTOCOL'))
    expect(monitor.stream.destroyed).toBe(true)
  })

  test('integers beyond 2^53 are exact both ways', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    const set = client.execute('migrate-set-parameters', { 'max-bandwidth': 9223372036854775807n })
    const command = await monitor.next()
    expect(command.text).toContain('{"max-bandwidth":9223372036854775807}')
    monitor.answer(command)
    await set
    const get = client.execute('query-migrate-parameters')
    monitor.say(`{"return": {"max-bandwidth": 18446744073709551615}, "id": "${(await monitor.next()).id}"}`)
    expect(await get).toEqual({ 'max-bandwidth': 18446744073709551615n })
    await expect(client.execute('migrate-set-parameters', { 'max-bandwidth': 1e21 })).rejects.toThrow(
      withCode('VM_INVALID', 'migrate-set-parameters.max-bandwidth'),
    )
    await client.close()
  })

  test('at most 8 commands are with QEMU at a time, and those out of band pass the queue', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    const calls = Array.from({ length: 10 }, (_, index) => client.raw(`c${index}`))
    const pause = client.execute('migrate-pause', {}, { oob: true })
    const sent = []
    for (let index = 0; index < 9; index++) sent.push(await monitor.next())
    expect(sent.map(({ name }) => name).join(' ')).toBe('c0 c1 c2 c3 c4 c5 c6 c7 migrate-pause')
    expect(sent[8]?.oob).toBe(true)
    const [first, second] = sent
    if (first === undefined || second === undefined) throw new Error('nothing sent')
    monitor.answer(second)
    const ninth = await monitor.next()
    expect(ninth.name).toBe('c8')
    expect(monitor.heard).toBe(0)
    for (const command of [first, ...sent.slice(2), ninth]) monitor.answer(command, command.name)
    monitor.answer(await monitor.next(), 'c9')
    expect(await Promise.all(calls)).toEqual(['c0', {}, 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9'])
    await pause
    await client.close()
  })

  test('a signal rejects that call only, its late reply is dropped', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    const abort = new AbortController()
    const stopped = client.execute('stop', {}, { signal: abort.signal })
    const status = client.execute('query-status')
    const [stop, query] = [await monitor.next(), await monitor.next()]
    abort.abort(new Error('changed my mind'))
    await expect(stopped).rejects.toMatchObject({ code: 'VM_ABORTED', name: 'AbortError' })
    monitor.answer(stop)
    monitor.answer(query, { status: 'paused', running: false })
    expect(await status).toMatchObject({ status: 'paused' })
    await expect(client.execute('cont', {}, { signal: abort.signal })).rejects.toThrow(withCode('VM_ABORTED'))
    expect(monitor.heard).toBe(0)
    await client.close()
  })

  test('a time-out says that the effect is unknown, and the place with QEMU stays taken until it answers', async () => {
    const monitor = fakeMonitor()
    const clock = fakeClock()
    const client = await monitor.connect({ clock, host: 'alpha' })
    const calls = Array.from({ length: 8 }, (_, index) => client.raw(`c${index}`, {}, { timeout: 100 }))
    const late = client.raw('c8', {}, { timeout: 100 })
    clock.advance(100)
    for (const call of calls) await expect(call).rejects.toThrow(withCode('VM_TIMEOUT', 'within 100 ms'))
    await expect(late).rejects.toThrow(withCode('VM_TIMEOUT', 'nor sent'))
    const status = client.execute('query-status')
    const first = await monitor.next()
    for (let index = 1; index < 8; index++) await monitor.next()
    monitor.answer(first)
    const query = await monitor.next()
    expect(query.name).toBe('query-status')
    monitor.answer(query, { status: 'running', running: true })
    expect(await status).toMatchObject({ running: true })
    expect(clock.timers).toBe(0)
    await expect(client.raw('c', {}, { timeout: Number.NaN })).rejects.toThrow(withCode('VM_INVALID'))
    await client.close()
  })

  test('ids differ between sessions', async () => {
    const ids = new Set<string>()
    for (let index = 0; index < 3; index++) {
      const monitor = fakeMonitor()
      const client = await monitor.connect()
      client.execute('cont').catch(() => undefined)
      ids.add((await monitor.next()).id)
      await client.close()
    }
    expect(ids.size).toBe(3)
  })
})
