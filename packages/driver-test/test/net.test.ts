import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { MigrationSource, MigrationTarget } from '@vmferry/core/driver'
import { describe, expect, test } from 'vitest'
import { createWorld, test as testDriver } from '../src/index.ts'
import { serveHost } from '../src/net/serve-host.ts'
import { systemClock, systemRandom } from '../src/net/system.ts'
import { connected, ferry, peer, type Served, served } from './served-hosts.ts'
import { begin, callOf, refusal, requestOf } from './two-hosts.ts'

const call = callOf('m-1', 1)

/** Resolves when it is so; a test that waits for ever fails by its own limit. */
async function until(so: () => boolean): Promise<void> {
  while (!so()) await wait(5)
}

function running(...hosts: readonly Served[]): string[] {
  return hosts.flatMap(({ world }) =>
    [...world.hosts.values()].flatMap(({ name, guests }) =>
      [...guests.values()].filter(({ state }) => state === 'running').map((guest) => `${name}/${guest.name}`),
    ),
  )
}

describe('a guest goes over a socket', () => {
  test('whole, under another name, and is at one end only', async () => {
    const [one, two] = [await served('default'), await served('beta')]
    one.world.host('default').pause('web1')
    const before = one.world.host('default').domain('web1')
    const ship = ferry()
    const [here, there] = [await ship.connect(one.uri), await ship.connect(two.uri)]
    const migration = (await here.domain('web1')).migrate(there, { live: true, rename: 'web9' })
    const types = new Set<string>()
    for await (const { type } of migration) types.add(type)
    expect(await migration).toMatchObject({ name: 'web9', uuid: before?.uuid })
    expect(two.world.host('beta').domain('web9')).toMatchObject({
      state: 'paused',
      checksum: before?.checksum,
      heldBy: null,
    })
    expect((await here.domains()).map(({ name }) => name)).toEqual(['db1'])
    expect(migration.report).toMatchObject({ transport: 'tcp' })
    expect([...types]).toEqual(expect.arrayContaining(['progress', 'migration-complete']))
  })

  test('while it runs and writes, together with another one', async () => {
    const [one, two] = [await served('default'), await served('beta')]
    const ship = ferry()
    const [here, there] = [await ship.connect(one.uri), await ship.connect(two.uri)]
    const moves = (await here.domains()).map((domain) => domain.migrate(there, { live: true }).done)
    expect((await Promise.all(moves)).map(({ name }) => name)).toEqual(['web1', 'db1'])
    expect(running(one, two)).toEqual(['beta/web1', 'beta/db1'])
  })

  test('with all its bytes, by the way of the migration URI, and not faster than the limit', async () => {
    const [one, two] = [await served('default'), await served('beta')]
    let bytes = 0
    const through = await peer((socket) => {
      const far = connect(two.address)
      far.on('error', () => socket.destroy())
      socket.on('data', (chunk) => {
        bytes += chunk.length
      })
      socket.pipe(far).pipe(socket)
    })
    const ship = ferry()
    const [here, there] = [await ship.connect(one.uri), await ship.connect(two.uri)]
    await here.start('cache1', ['memory=8M', 'pages=512', 'dirty=0'])
    const cache1 = await here.domain('cache1')
    const from = performance.now()
    await cache1.migrate(there, {
      live: true,
      bandwidth: 64,
      uri: `tcp://127.0.0.1:${through.address.port}/`,
    })
    const seconds = (performance.now() - from) / 1000
    expect(bytes).toBeGreaterThanOrEqual(8 * 1024 ** 2)
    expect(seconds).toBeGreaterThanOrEqual((0.9 * bytes) / 8_000_000)
  })

  test('not faster than the link of the world', async () => {
    const [one, two] = [await served('default', { linkBytesPerSecond: 8_000_000 }), await served('beta')]
    const ship = ferry()
    const [here, there] = [await ship.connect(one.uri), await ship.connect(two.uri)]
    await here.start('cache1', ['memory=4M', 'dirty=0'])
    const from = performance.now()
    await (await here.domain('cache1')).migrate(there, { live: true })
    expect((performance.now() - from) / 1000).toBeGreaterThanOrEqual((0.9 * 4 * 1024 ** 2) / 8_000_000)
  })

  test('and stays where it is when it is cancelled half-way', async () => {
    const [one, two] = [await served('default', { linkBytesPerSecond: 200_000 }), await served('beta')]
    const ship = ferry()
    const [here, there] = [await ship.connect(one.uri), await ship.connect(two.uri)]
    const migration = (await here.domain('web1')).migrate(there, { live: true })
    for await (const { type } of migration) if (type === 'progress') break
    await migration.cancel('enough')
    const error = await refusal(migration.done)
    expect(error).toMatchObject({ code: 'VM_ABORTED', outcome: 'rolledBack' })
    expect(running(one, two)).toEqual(['default/web1', 'default/db1'])
    expect(two.world.host('beta').guests.size).toBe(0)
    expect(await (await connected(two)).migrations(call)).toEqual([])
  })

  test('and stays where it is when the target ends in mid-copy', async () => {
    const [one, two] = [await served('default', { linkBytesPerSecond: 200_000 }), await served('beta')]
    const ship = ferry()
    const [here, there] = [await ship.connect(one.uri), await ship.connect(two.uri)]
    const migration = (await here.domain('web1')).migrate(there, {
      live: true,
      limits: { abort: 500 },
    })
    for await (const { type } of migration) if (type === 'progress') break
    await two.close()
    const error = await refusal(migration.done)
    expect(error).toMatchObject({
      code: 'VM_PHASE_FAILED',
      outcome: 'rolledBack',
      guest: { source: 'running' },
    })
    expect(error.message).toContain('the stream from default to')
  })
})

describe('a remote connection', () => {
  test('has the manifest of its host, which only tcp leads to, less what it is to lack', async () => {
    const one = await served('default')
    const { capabilities } = await connected(one)
    expect(capabilities).toEqual({ ...testDriver().capabilities, postCopy: false, uriTransports: ['tcp'] })
    const less = await connected(one, { without: 'resource,domainRename', fencing: 'session' })
    expect(less.capabilities).toMatchObject({
      resource: false,
      domainRename: false,
      live: true,
      fencing: 'session',
    })
    const request = requestOf(less, less, { bandwidth: 1 })
    expect((await refusal(less.source!.check('web1', request, call))).code).toBe('VM_UNSUPPORTED')
    expect((await connected(one, { without: 'uriTransports' })).capabilities.uriTransports).toEqual([])
    const weak = await connected(one, {}, { fencing: 'none', without: ['live'] })
    expect(weak.capabilities).toMatchObject({ fencing: 'none', live: false })
  })

  test('answers as one in memory does', async () => {
    const one = await served('default')
    const here = await connected(one)
    expect(here.hostId).toBe(one.world.host('default').id)
    expect(here.hypervisor).toMatch(/^vmferry test/)
    expect(await here.domain('web1', call)).toMatchObject({ name: 'web1', state: 'running' })
    expect(await here.lifecycle!.start('guest', ['memory=1M', 'paused'], call)).toMatchObject({
      state: 'paused',
    })
    await here.lifecycle!.stop('guest', { force: false }, call)
    expect(await here.claim('web1', 3, call)).toEqual({ domain: 'web1', epoch: 3 })
    const lost = await refusal(here.domain('nobody', call))
    expect(lost).toMatchObject({ code: 'VM_NOT_FOUND', host: 'default', remedy: 'it has web1, db1' })
    expect((await refusal(here.source!.recall('m-0', callOf('m-0', 3)))).code).toBe('VM_NOT_FOUND')
    expect((await refusal(here.claim('web1', 3, call))).code).toBe('VM_STALE')
  })

  test('gives the halves of a migration with the members that they have there', async () => {
    const [one, two] = [await served('default'), await served('beta')]
    const [here, there] = [await connected(one), await connected(two)]
    const request = requestOf(here, there, { transport: 'tcp' })
    const outgoing = await begin(here.source!, request, call)
    const incoming = await there.target!.prepare(outgoing.offer, request, call)
    expect(incoming.ticket.endpoints['ram']).toBe(`tcp://127.0.0.1:${two.address.port}/m-1`)
    expect(outgoing).not.toHaveProperty('drain')
    expect(incoming).not.toHaveProperty('dial')
    expect((await refusal(outgoing.tune!({ bandwidth: 1 }, call))).message).toContain('not being performed')
    await outgoing.perform(incoming.ticket, () => Promise.reject(new Error('no')), call)
    await incoming.ready!(call)
    const recalled = await here.source!.recall('m-1', call)
    expect(recalled).not.toHaveProperty('perform')
    expect(recalled).toMatchObject({ offer: outgoing.offer, record: { migration: 'm-1', role: 'source' } })
    expect(await incoming.inspect(call)).toMatchObject({ run: 'stopped', complete: true })
    await recalled.abort('a test', call)
    await incoming.abort('a test', call)
    expect(running(one, two)).toEqual(['default/web1', 'default/db1'])
  })

  test('that is closed or lost rejects what is under way, and all that comes later', async () => {
    for (const how of ['closed', 'lost'] as const) {
      const one = await served('default')
      const here = await connected(one)
      one.world.faults.add({ at: 'claim', kind: 'hang' })
      const claiming = refusal(here.claim('web1', 1, call))
      await until(() => one.world.faults.pending().length === 0)
      if (how === 'closed') await here.close()
      else await one.close()
      expect((await claiming).code).toBe('VM_CONNECTION')
      expect((await refusal(here.domains(call))).code).toBe('VM_CONNECTION')
      await here.close()
    }
  })

  test('passes the signal on, and waits for what the host says to it', async () => {
    const one = await served('default')
    const here = await connected(one)
    one.world.faults.add({ at: 'claim', kind: 'hang' })
    const stop = new AbortController()
    const claiming = refusal(here.claim('web1', 1, { signal: stop.signal }))
    await until(() => one.world.faults.pending().length === 0)
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await claiming).toMatchObject({ code: 'VM_ABORTED', name: 'AbortError', cause: reason })
    expect((await refusal(here.domains({ signal: stop.signal }))).code).toBe('VM_ABORTED')
    expect(await here.domains(call)).toHaveLength(2)
  })

  test('is refused for another host, an ability that is none, or where nothing listens', async () => {
    const one = await served('default')
    const other = { ...one, uri: one.uri.replace('default', 'other') }
    expect(await refusal(connected(other))).toMatchObject({ code: 'VM_NOT_FOUND', remedy: 'it has default' })
    expect((await refusal(connected(one, { without: 'wings' }))).code).toBe('VM_INVALID')
    expect((await refusal(connected(one, { fencing: 'moat' }))).code).toBe('VM_INVALID')
    await one.close()
    expect((await refusal(connected(one))).code).toBe('VM_CONNECTION')
  })
})

describe('fencing over tcp', () => {
  test('a claim ends the sessions of the former holder, whose copying stops', async () => {
    const [one, two] = [await served('default', { linkBytesPerSecond: 200_000 }), await served('beta')]
    const here = await connected(one, { fencing: 'session' })
    const there = await connected(two)
    const { source } = here as { source: MigrationSource }
    const { target } = there as { target: MigrationTarget }
    await here.claim('web1', 1, call)
    const request = requestOf(here, there, { transport: 'tcp' })
    const outgoing = await begin(source, request, call)
    const incoming = await target.prepare(outgoing.offer, request, call)
    const copying = refusal(outgoing.perform(incoming.ticket, () => Promise.reject(new Error('no')), call))
    await until(() => one.world.host('default').outgoing.get('m-1')?.copying != null)
    await (await connected(one)).claim('web1', 2, call)
    expect((await copying).code).toBe('VM_STALE')
    expect((await refusal(outgoing.abort('late', call))).code).toBe('VM_STALE')
    expect(running(one, two)).toEqual(['default/web1', 'default/db1'])
  })

  test('a session ends with its socket, and what it has under way', async () => {
    for (const fencing of ['session', 'host']) {
      const [one, two] = [await served('default', { linkBytesPerSecond: 60e6 }), await served('beta')]
      const [here, there] = [await connected(one, { fencing }), await connected(two)]
      const request = requestOf(here, there, { transport: 'tcp' })
      const outgoing = await begin(here.source!, request, call)
      const incoming = await there.target!.prepare(outgoing.offer, request, call)
      const file = one.world.host('default').outgoing.get('m-1')
      const copying = refusal(outgoing.perform(incoming.ticket, () => Promise.reject(new Error('no')), call))
      await until(() => file?.copying != null)
      await here.close()
      expect((await copying).code).toBe('VM_CONNECTION')
      await until(() => file?.copying === null)
      expect(file?.sent).toBe(fencing === 'host')
    }
  })
})

describe('a check over tcp', () => {
  test('finds a target that the source does not reach, or that is another one', async () => {
    const [one, two] = [await served('default'), await served('beta')]
    const [here, there] = [await connected(one), await connected(two)]
    const findings = async (port: number): Promise<unknown> => {
      const way = { text: 'there', transport: null, user: null, host: '127.0.0.1', port, path: '' }
      return (await here.source!.check('web1', requestOf(here, there, { uri: way }), call)).findings
    }
    expect(await findings(two.address.port)).toEqual([])
    expect(await findings(one.address.port)).toMatchObject([{ severity: 'blocker', code: 'unreachable' }])
    await two.close()
    expect(await findings(two.address.port)).toMatchObject([{ code: 'unreachable', error: 'VM_CONNECTION' }])
  })

  test('finds that a host in memory is not on the network, and the other way round', async () => {
    const one = await served('default')
    const ship = ferry()
    const [near, far] = [await ship.connect('test:///near'), await ship.connect(one.uri)]
    const domain = await far.domain('web1')
    const plan = await domain.plan(near)
    expect(plan.findings).toMatchObject([{ severity: 'blocker', code: 'unreachable' }])
    await near.start('guest', [])
    expect((await (await near.domain('guest')).plan(far)).findings).toMatchObject([{ code: 'other-world' }])
  })
})

test('a port that is taken is told in words', async () => {
  const one = await served('default')
  const world = createWorld({ clock: systemClock })
  const error = await refusal(
    serveHost({ world, name: 'default', listen: one.address, random: systemRandom }),
  )
  expect(error).toMatchObject({
    code: 'VM_CONNECTION',
    message: expect.stringContaining('listens there already'),
  })
  expect(error.remedy).toContain('--listen 127.0.0.1:0')
})
