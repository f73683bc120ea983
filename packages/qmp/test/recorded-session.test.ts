import { isVmError } from '@vmferry/core/driver'
import { describe, expect, test } from 'vitest'
import { decode } from '../src/decode.ts'
import { type QmpClient, qmp } from '../src/index.ts'
import { isQmpObject } from '../src/value.ts'
import { fakeMonitor, replay } from './fake-monitor.ts'
import { type Recorded, recording, saidByQemu } from './recording.ts'

/** Sends the client's commands of a recording and gives what came of each. */
async function drive(client: QmpClient, session: readonly Recorded[]): Promise<readonly unknown[]> {
  const outcomes: unknown[] = []
  for (const { from, bytes } of session) {
    const command = decode(Buffer.from(bytes))
    if (from === 'qemu' || !isQmpObject(command)) continue
    const { execute: name, arguments: args } = command
    if (typeof name !== 'string' || name === 'qmp_capabilities') continue
    const reply = client.raw(name, isQmpObject(args) ? args : undefined)
    outcomes.push(await reply.catch((error: unknown) => (isVmError(error) ? error.code : error)))
  }
  return outcomes
}

describe('a recorded session', () => {
  const source = recording('migration-source')
  const target = recording('migration-target')

  test.each([1, 2, 3, 17, 1000])('is understood in chunks of %i bytes', async (chunk) => {
    const monitor = fakeMonitor()
    const played = replay(monitor, source, { chunk })
    const client = await qmp(monitor.stream)
    const seen: string[] = []
    client.on('MIGRATION', ({ data }) => seen.push(data.status))
    client.on('MIGRATION_PASS', ({ data }) => seen.push(`pass ${data.pass}`))
    client.on('STOP', ({ data }) => seen.push(`stop ${JSON.stringify(data)}`))

    const outcomes = await drive(client, source)
    await played
    expect(await client.closed).toBeNull()
    expect(client.version).toEqual({
      major: 7,
      minor: 2,
      micro: 22,
      package: 'Debian 1:7.2+dfsg-7+deb12u18+b3',
    })
    expect(seen.join(', ')).toBe(
      'setup, failed, setup, pass 1, active, stop {}, pre-switchover, device, pass 2, completed',
    )
    expect(outcomes[0]).toEqual({ status: 'running', singlestep: false, running: true })
    expect(outcomes[5]).toMatchObject({ 'max-bandwidth': 9223372036854775807n, 'downtime-limit': 500 })
    expect(outcomes[6]).toBe('VM_UNSUPPORTED')
    expect(outcomes.at(-2)).toMatchObject({ status: 'completed', downtime: 6 })
    expect(outcomes.at(-1)).toEqual({})
  })

  test('that ends at any byte leaves nothing pending, and only an end after quit is no failure', async () => {
    const total = saidByQemu(target).length
    const ends = new Set<string>()
    for (let endAfter = 0; endAfter < total; endAfter++) {
      const monitor = fakeMonitor()
      void replay(monitor, target, { chunk: 400, endAfter })
      const end = await qmp(monitor.stream).then(
        async (client) => {
          const quit = (await drive(client, target)).at(-1)
          const why = await client.closed
          return `quit: ${JSON.stringify(quit)}, closed: ${isVmError(why) ? why.code : String(why)}`
        },
        (error: unknown) => `not connected: ${isVmError(error) ? error.code : String(error)}`,
      )
      ends.add(end)
    }
    expect(Array.from(ends)).toEqual([
      'not connected: VM_CONNECTION',
      'quit: "VM_CONNECTION", closed: VM_CONNECTION',
      'quit: {}, closed: null',
    ])
  })
})
