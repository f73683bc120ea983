import { describe, expect, test, vi } from 'vitest'
import { type QmpEvent } from '../src/index.ts'
import { withCode } from './error-match.ts'
import { fakeClock } from './fake-clock.ts'
import { fakeMonitor } from './fake-monitor.ts'

describe('events', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)

  test('a listener that throws hurts neither the others nor the session', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    client.on('STOP', () => {
      throw new Error('listener')
    })
    // oxlint-disable-next-line typescript/no-misused-promises -- the mistake that is tested
    client.on('STOP', () => Promise.reject(new Error('async listener')))
    const seen: QmpEvent[] = []
    const off = client.on('STOP', (event) => seen.push(event))
    const first = client.waitFor('STOP')
    monitor.say('{"event": "STOP", "timestamp": {"seconds": 5, "microseconds": -1}}')
    await first
    off()
    const second = client.waitFor('STOP')
    monitor.say('{"event": "STOP"}')
    await second
    expect(seen).toEqual([{ event: 'STOP', data: {}, timestamp: { seconds: 5, microseconds: -1 } }])
    expect(warned).toHaveBeenCalledTimes(4)
    await client.close()
  })

  test('waitFor takes a name or a predicate and counts only what comes later', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    const stopped = client.waitFor('STOP')
    monitor.say('{"event": "STOP"}')
    await stopped
    const completed = client.waitFor(
      ({ event, data }) => event === 'MIGRATION' && data['status'] === 'completed',
    )
    for (const status of ['setup', 'completed']) {
      monitor.say(JSON.stringify({ event: 'MIGRATION', data: { status } }))
    }
    expect((await completed).data).toEqual({ status: 'completed' })
    await client.close()
  })

  test('waitFor ends by time-out, by signal and by what the predicate throws', async () => {
    const monitor = fakeMonitor()
    const clock = fakeClock()
    const client = await monitor.connect({ clock })
    const abort = new AbortController()
    const timed = client.waitFor('STOP', { timeout: 50 })
    const aborted = client.waitFor('STOP', { signal: abort.signal })
    const thrown = client.waitFor(() => {
      throw new Error('predicate')
    })
    clock.advance(50)
    abort.abort()
    monitor.say('{"event": "RESUME"}')
    await expect(timed).rejects.toThrow(withCode('VM_TIMEOUT', 'the event STOP'))
    await expect(aborted).rejects.toThrow(withCode('VM_ABORTED'))
    await expect(thrown).rejects.toThrow('predicate')
    await client.close()
  })

  test('a listener may close the session, and what follows in the chunk is dropped', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    const seen: string[] = []
    client.on('*', ({ event }) => {
      seen.push(event)
      void client.close()
    })
    monitor.say('{"event": "STOP"}{"event": "RESUME"}')
    expect(await client.closed).toBeNull()
    expect(seen).toEqual(['STOP'])
  })

  test('a flood of events is delivered in order', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    let count = 0
    client.on('MIGRATION_PASS', ({ data }) => {
      if (data.pass === count) count++
    })
    const last = client.waitFor('STOP')
    const passes = Array.from(
      { length: 100_000 },
      (_, pass) => `{"event":"MIGRATION_PASS","data":{"pass":${pass}}}`,
    )
    monitor.say(`${passes.join('\r\n')}\r\n{"event": "STOP"}\r\n`)
    await last
    expect(count).toBe(100_000)
    await client.close()
  })
})
