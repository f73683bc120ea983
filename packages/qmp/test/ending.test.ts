import { describe, expect, test, vi } from 'vitest'
import { withCode } from './error-match.ts'
import { fakeClock } from './fake-clock.ts'
import { fakeMonitor } from './fake-monitor.ts'

describe('the end', () => {
  test('a stream that ends rejects all that waits and tells why', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect({ host: 'alpha' })
    const waits = [client.execute('cont'), client.waitFor('STOP'), client.waitFor(() => true)]
    monitor.hangUp()
    for (const wait of waits) {
      await expect(wait).rejects.toThrow(
        withCode('VM_CONNECTION', 'the monitor of alpha closed the connection'),
      )
    }
    expect(await client.closed).toMatchObject({ code: 'VM_CONNECTION' })
    await expect(client.waitFor('STOP')).rejects.toThrow(withCode('VM_CONNECTION'))
  })

  test('an error of the stream is the cause', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect({ host: 'alpha' })
    const call = client.execute('cont')
    monitor.stream.destroy(new Error('read ECONNRESET'))
    await expect(call).rejects.toMatchObject({
      code: 'VM_CONNECTION',
      causes: [{ host: 'alpha', words: 'read ECONNRESET' }],
    })
  })

  test('an end after quit is its success, but only its', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    const quit = client.execute('quit')
    const other = client.execute('query-status')
    await monitor.next()
    await monitor.next()
    monitor.hangUp()
    expect(await quit).toEqual({})
    await expect(other).rejects.toThrow(withCode('VM_CONNECTION'))
    expect(await client.closed).toBeNull()
  })

  test('a quit that was refused does not excuse an end', async () => {
    const monitor = fakeMonitor()
    const client = await monitor.connect()
    const quit = client.execute('quit')
    monitor.say(`{"error": {"class": "GenericError", "desc": "no"}, "id": "${(await monitor.next()).id}"}`)
    await expect(quit).rejects.toThrow(withCode('VM_PHASE_FAILED'))
    monitor.hangUp()
    expect(await client.closed).toMatchObject({ code: 'VM_CONNECTION' })
  })

  test('close leaves no listener, no timer and nothing pending', async () => {
    const monitor = fakeMonitor()
    const clock = fakeClock()
    const client = await monitor.connect({ clock })
    const abort = new AbortController()
    const listen = vi.spyOn(abort.signal, 'addEventListener')
    const forget = vi.spyOn(abort.signal, 'removeEventListener')
    const call = client.execute('cont', {}, { signal: abort.signal })
    const wait = client.waitFor('STOP', { signal: abort.signal, timeout: 1000 })
    await Promise.all([
      expect(call).rejects.toThrow(withCode('VM_CONNECTION')),
      expect(wait).rejects.toThrow(withCode('VM_CONNECTION')),
      client.close(),
    ])
    await client.close()
    expect(await client.closed).toBeNull()
    expect(clock.timers).toBe(0)
    expect(forget).toHaveBeenCalledTimes(listen.mock.calls.length)
    expect(monitor.stream.listenerCount('data')).toBe(0)
    expect(monitor.stream.destroyed).toBe(true)
  })
})
