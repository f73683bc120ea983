import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type QmpClient, qmp, qmpErrorClass, qmpSchema } from '../src/index.ts'
import { noQemu, type RealQemu, realQemu } from './real-qemu.ts'

describe.skipIf(noQemu)(`a real QEMU${noQemu === false ? '' : ` (skipped: ${noQemu})`}`, () => {
  let qemu: RealQemu
  beforeAll(async () => {
    qemu = await realQemu()
  })
  afterAll(() => qemu[Symbol.asyncDispose]())

  async function connected(): Promise<QmpClient> {
    return qmp(await qemu.dial(), { host: 'alpha' })
  }

  test('answers typed commands', async () => {
    const client = await connected()
    expect(client.version.major).toBeGreaterThanOrEqual(7)
    expect(await client.execute('query-status')).toMatchObject({ status: 'running', running: true })
    expect(await client.execute('query-migrate')).toEqual({})
    expect((await client.execute('query-uuid')).UUID).toMatch(/^[0-9a-f-]{36}$/)
    expect(await client.execute('qom-get', { path: '/machine', property: 'type' })).toBe('none-machine')
    const monitors = await client.execute('query-chardev')
    expect(monitors.map((device) => device['frontend-open'])).toEqual([true])
    const properties = await client.execute('device-list-properties', { typename: 'virtio-net-pci' })
    expect(properties.find(({ name }) => name === 'romsize')?.['default-value']).toBe(4_294_967_295)
    await client.close()
  })

  test('tells its schema in pieces, and the schema tells what it can do', async () => {
    const client = await connected()
    const schema = qmpSchema(await client.execute('query-qmp-schema'))
    expect(schema.hasCommand('migrate')).toBe(true)
    expect(schema.hasCommand('no-such-command')).toBe(false)
    expect(schema.hasArgument('migrate', 'uri')).toBe(true)
    expect(schema.hasEvent('MIGRATION')).toBe(true)
    expect(schema.allowsOob('migrate-pause')).toBe(true)
    const known = await client.execute('query-migrate-capabilities')
    for (const { capability } of known) expect(schema.hasMigrationCapability(capability)).toBe(true)
    const parameters = Object.keys(await client.execute('query-migrate-parameters'))
    for (const name of parameters) expect(schema.hasMigrationParameter(name)).toBe(true)
    await client.close()
  })

  test('keeps an integer beyond 2^53 exactly', async () => {
    const client = await connected()
    await client.execute('migrate-set-parameters', { 'max-bandwidth': 9_223_372_036_854_775_807n })
    expect((await client.execute('query-migrate-parameters'))['max-bandwidth']).toBe(
      9_223_372_036_854_775_807n,
    )
    await client.execute('migrate-set-parameters', { 'max-bandwidth': 0 })
    expect((await client.execute('query-migrate-parameters'))['max-bandwidth']).toBe(0)
    await client.close()
  })

  test('refuses in its own words', async () => {
    const client = await connected()
    const unknown: unknown = await client.raw('no-such-command').catch((error: unknown) => error)
    expect(unknown).toMatchObject({ code: 'VM_UNSUPPORTED', host: 'alpha' })
    expect(qmpErrorClass(unknown)).toBe('CommandNotFound')
    await expect(client.raw('device_del', { id: 'net0' })).rejects.toMatchObject({ code: 'VM_NOT_FOUND' })
    const scheme = client.execute('migrate', { uri: 'telepathy:beta' })
    await expect(scheme).rejects.toMatchObject({ code: 'VM_PHASE_FAILED' })
    await expect(client.raw('migrate', { uri: 'tcp:größe 🚢:' })).rejects.toHaveProperty(
      'causes.0.host',
      'alpha',
    )
    await client.close()
  })

  test('reports events with the capability for them', async () => {
    const client = await connected()
    await client.execute('migrate-set-capabilities', {
      capabilities: [{ capability: 'events', state: true }],
    })
    const failed = client.waitFor(({ event, data }) => event === 'MIGRATION' && data['status'] === 'failed')
    await client.execute('migrate', { uri: 'unix:/nonexistent/socket' })
    await failed
    expect(await client.execute('query-migrate')).toMatchObject({ status: 'failed' })
    const stopped = client.waitFor('STOP')
    await client.execute('stop')
    await stopped
    const resumed = client.waitFor('RESUME', { timeout: 10_000 })
    await client.execute('cont')
    expect((await resumed).timestamp.seconds).toBeGreaterThan(1_000_000_000)
    await client.close()
  })

  test('takes a command out of band, and many in band at once', async () => {
    const client = await connected()
    expect(client.oob).toBe(true)
    const many = Array.from({ length: 50 }, () => client.execute('query-status'))
    expect(await client.raw('query-yank', {}, { oob: true })).toEqual(expect.any(Array))
    await expect(client.execute('migrate-pause', {}, { oob: true })).rejects.toMatchObject({
      code: 'VM_PHASE_FAILED',
    })
    // A command that may not go out of band is refused by QEMU, not by us.
    await expect(client.execute('query-status', {}, { oob: true })).rejects.toMatchObject({
      code: 'VM_PHASE_FAILED',
    })
    expect(await Promise.all(many)).toHaveLength(50)
    await client.close()
  })

  test('serves one client at a time: the second is told that the monitor is busy, until the first leaves', async () => {
    const first = await connected()
    const second = qmp(await qemu.dial(), { host: 'alpha', greetingTimeout: 300 })
    await expect(second).rejects.toMatchObject({ code: 'VM_BUSY' })
    const third = qmp(await qemu.dial(), { host: 'alpha', greetingTimeout: 20_000 })
    await first.close()
    const client = await third
    expect(await client.execute('query-name')).toEqual({})
    await client.close()
  })

  test('goes on when the client is gone in the middle of a command', async () => {
    const client = await connected()
    const pending = client.execute('query-qmp-schema')
    await client.close()
    await expect(pending).rejects.toMatchObject({ code: 'VM_CONNECTION' })
    const next = await connected()
    expect(await next.execute('query-status')).toMatchObject({ running: true })
    await next.close()
  })

  test('may write its messages over many lines', async () => {
    await using pretty = await realQemu('-qmp-pretty')
    const client = await qmp(await pretty.dial())
    expect(await client.execute('query-status')).toMatchObject({ running: true })
    expect((await client.execute('query-qmp-schema')).length).toBeGreaterThan(500)
    await client.close()
  })

  test('answers quit and is gone', async () => {
    await using mortal = await realQemu()
    const client = await qmp(await mortal.dial())
    const exited = once(mortal.process, 'exit')
    expect(await client.execute('quit')).toEqual({})
    expect(await client.closed).toBeNull()
    expect(await exited).toEqual([0, null])
  })

  test('that is killed breaks the connection', async () => {
    await using mortal = await realQemu()
    const client = await qmp(await mortal.dial())
    mortal.process.kill('SIGKILL')
    expect(await client.closed).toMatchObject({ code: 'VM_CONNECTION' })
    await expect(client.execute('query-status')).rejects.toMatchObject({ code: 'VM_CONNECTION' })
  })
})
