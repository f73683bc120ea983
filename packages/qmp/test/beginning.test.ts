import { describe, expect, test } from 'vitest'
import { qmp } from '../src/index.ts'
import { withCode } from './error-match.ts'
import { fakeClock } from './fake-clock.ts'
import { fakeMonitor, GREETING } from './fake-monitor.ts'

describe('the beginning', () => {
  test('no greeting in time means that the monitor serves another client', async () => {
    const monitor = fakeMonitor()
    const clock = fakeClock()
    const connecting = qmp(monitor.stream, { clock, host: 'alpha' })
    clock.advance(4999)
    clock.advance(1)
    await expect(connecting).rejects.toThrow(
      withCode('VM_BUSY', 'the monitor of alpha serves another client'),
    )
    await expect(connecting).rejects.toHaveProperty('remedy', expect.stringContaining('second -qmp socket'))
    expect(monitor.stream.destroyed).toBe(true)
    expect(clock.timers).toBe(0)
  })

  test('an end before the greeting is a broken connection', async () => {
    const monitor = fakeMonitor()
    monitor.hangUp()
    await expect(qmp(monitor.stream)).rejects.toThrow(withCode('VM_CONNECTION', 'before its greeting'))
  })

  test('a stream that has ended already is told at once', async () => {
    const monitor = fakeMonitor()
    monitor.stream.destroy()
    await expect(qmp(monitor.stream)).rejects.toThrow(withCode('VM_CONNECTION'))
  })

  test.each(['SSH-2.0-OpenSSH_9.2p1\r\n', '{"return": {}, "id": "1"}\r\n', '{"QMP": 1}\r\n', '{"QMP"}\r\n'])(
    'what is no greeting is refused: %j',
    async (garbage) => {
      const monitor = fakeMonitor()
      monitor.say(garbage)
      await expect(qmp(monitor.stream)).rejects.toThrow(withCode('VM_PROTOCOL'))
      expect(monitor.stream.destroyed).toBe(true)
    },
  )

  test('a signal ends the connecting and destroys the stream', async () => {
    const monitor = fakeMonitor()
    const abort = new AbortController()
    const connecting = qmp(monitor.stream, { signal: abort.signal })
    abort.abort()
    await expect(connecting).rejects.toThrow(withCode('VM_ABORTED'))
    expect(monitor.stream.destroyed).toBe(true)
  })

  test('out-of-band is enabled where it is offered, and refused where it is not', async () => {
    const rich = fakeMonitor()
    const connecting = qmp(rich.stream)
    rich.say(GREETING)
    const first = await rich.next()
    expect(first).toMatchObject({ name: 'qmp_capabilities', args: { enable: ['oob'] } })
    rich.answer(first)
    expect((await connecting).oob).toBe(true)

    const poor = fakeMonitor()
    const second = qmp(poor.stream)
    poor.say(GREETING.replace('["oob"]', '[]'))
    const command = await poor.next()
    expect(command.args).toBeUndefined()
    poor.answer(command)
    await expect((await second).execute('migrate-pause', {}, { oob: true })).rejects.toThrow(
      withCode('VM_UNSUPPORTED'),
    )
  })
})
