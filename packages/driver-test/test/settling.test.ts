import { expect, test } from 'vitest'
import { begin, begun, callOf, performed, performing, refusal, twoHosts } from './two-hosts.ts'

test.each(['begin', 'prepare', 'perform', 'ready', 'hand-over'])(
  'an abort on both sides after %s leaves everything as it was',
  async (last) => {
    for (const state of ['running', 'paused'] as const) {
      const at = await twoHosts()
      const uuid = at.uuid()
      if (state === 'paused') at.world.host('default').pause('web1')
      const outgoing = await begin(at.here.source, at.request(), at.call)
      const incoming =
        last === 'begin' ? null : await at.there.target.prepare(outgoing.offer, at.request(), at.call)
      if (incoming && last !== 'prepare') {
        await performed(at, outgoing, incoming)
        if (last !== 'perform') await incoming.ready?.(at.call)
        if (last === 'hand-over') await outgoing.handOver?.(at.call)
      }
      for (const _ of [1, 2]) await incoming?.abort('a test', at.call)
      for (const _ of [1, 2]) await outgoing.abort('a test', at.call)

      expect(at.world.host('default').domain('web1')).toMatchObject({ state, heldBy: null })
      expect(at.world.running(uuid)).toEqual(state === 'running' ? ['default'] : [])
      expect(at.world.host('beta').guests.size).toBe(0)
      expect(await at.here.migrations(at.call)).toEqual([])
      expect(await at.there.migrations(at.call)).toEqual([])
      if (incoming) expect(await incoming.inspect(at.call)).toMatchObject({ run: 'gone', mayHaveRun: false })
      await begun({ ...at, call: { ...at.call, migration: 'm-2' } })
    }
  },
)

test('a signal stops the copying where it is, and abort brings the guest back', async () => {
  for (const live of [true, false]) {
    const at = await twoHosts()
    const { outgoing, incoming } = await begun(at, { live })
    const stop = new AbortController()
    const work = performing(at, outgoing, incoming, stop.signal)
    await at.clock.advance(300)
    stop.abort(new Error('enough'))
    expect((await refusal(work)).code).toBe('VM_ABORTED')
    expect(at.world.host('default').domain('web1')?.state).toBe(live ? 'running' : 'stopped')
    expect((await refusal(outgoing.confirm(at.call))).code).toBe('VM_INVALID')
    await outgoing.abort('a test', at.call)
    await at.clock.advance(5_000)
    expect(at.world.host('default').domain('web1')?.state).toBe('running')
  }
})

test('an abort in mid-copy ends perform, which never stops the guest afterwards', async () => {
  for (let ms = 0; ms <= 1_000; ms += 50) {
    const at = await twoHosts({ linkBytesPerSecond: 64 * 1024 ** 2 })
    const { outgoing, incoming } = await begun(at)
    const work = performing(at, outgoing, incoming)
    await at.clock.advance(ms)
    await outgoing.abort('a test', at.call)
    await at.clock.advance(5_000)
    await work.catch(() => {})
    expect(at.world.host('default').domain('web1')).toMatchObject({ state: 'running', heldBy: null })
  }
})

test('each host says what it knows of its copy, phase by phase', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  expect(await outgoing.inspect(at.call)).toMatchObject({ run: 'running', complete: true, revivable: true })
  expect(await incoming.inspect(at.call)).toMatchObject({ run: 'stopped', complete: false, revivable: false })
  await performed(at, outgoing, incoming)
  expect(await outgoing.inspect(at.call)).toMatchObject({ run: 'stopped', complete: true, revivable: true })
  expect(await incoming.inspect(at.call)).toMatchObject({ run: 'stopped', complete: true, mayHaveRun: false })
  await incoming.finish(at.call)
  expect(await incoming.inspect(at.call)).toMatchObject({ run: 'running', complete: true, mayHaveRun: true })
  await outgoing.confirm(at.call)
  expect(await outgoing.inspect(at.call)).toMatchObject({ run: 'gone', complete: false, revivable: false })
  expect((await incoming.inspect(at.call)).evidence.join('; ')).toContain('mark of a finish')
})

test('another controller finds both halves by the hosts’ records and ends them', async () => {
  for (const forward of [true, false]) {
    const at = await twoHosts()
    const uuid = at.uuid()
    const { outgoing, incoming } = await begun(at)
    await performed(at, outgoing, incoming)
    expect(await at.here.migrations(at.call)).toMatchObject([
      {
        migration: 'm-1',
        role: 'source',
        domain: 'web1',
        epoch: 1,
        phase: 'perform',
        details: { sent: true },
      },
    ])
    expect(await at.there.migrations(at.call)).toMatchObject([
      { migration: 'm-1', role: 'target', phase: 'prepare', details: { loaded: true, marked: false } },
    ])
    const call = callOf('m-1', 2)
    const source = await at.here.source.recall('m-1', call)
    const target = await at.there.target.recall('m-1', call)
    expect(source).not.toHaveProperty('perform')
    expect(source.offer).toEqual(outgoing.offer)
    expect(JSON.parse(JSON.stringify(target.record))).toEqual(target.record)
    if (forward) {
      await target.finish(call)
      await source.confirm(call)
    } else {
      await target.abort('a test', call)
      await source.abort('a test', call)
    }
    expect(at.world.running(uuid)).toEqual([forward ? 'beta' : 'default'])
    expect((await refusal(at.here.source.recall('m-1', call))).code).toBe('VM_NOT_FOUND')
  }
  const at = await twoHosts()
  expect((await refusal(at.there.target.recall('m-0', at.call))).code).toBe('VM_NOT_FOUND')
})

test('a claim takes only a higher epoch, and calls of a lower one have no effect', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  await performed(at, outgoing, incoming)
  for (const connection of [at.here, at.there]) {
    expect(await connection.claim('web1', 2, at.call)).toEqual({ domain: 'web1', epoch: 2 })
    expect((await refusal(connection.claim('web1', 2, at.call))).code).toBe('VM_STALE')
    expect((await refusal(connection.claim('web1', 1, at.call))).code).toBe('VM_STALE')
    expect((await refusal(connection.claim('web1', 0.5, at.call))).code).toBe('VM_INVALID')
  }
  const stale = [
    outgoing.handOver?.(at.call),
    outgoing.confirm(at.call),
    outgoing.abort('late', at.call),
    incoming.finish(at.call),
    incoming.abort('late', at.call),
    at.here.source.recall('m-1', at.call),
    at.here.source.begin(outgoing.offer, at.request(), at.call),
    at.there.target.prepare(outgoing.offer, at.request(), at.call),
  ]
  for (const work of stale) expect((await refusal(work as Promise<unknown>)).code).toBe('VM_STALE')
  expect(at.world.running(at.uuid())).toEqual([])
  expect(await incoming.inspect(at.call)).toMatchObject({ run: 'stopped', mayHaveRun: false })
  await outgoing.abort('mine', callOf('m-1', 2))
  expect(at.world.running(at.uuid())).toEqual(['default'])
})

test('a new claim stops the copying of the old one, and nothing of it lands later', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  const work = performing(at, outgoing, incoming)
  await at.clock.advance(300)
  await at.here.claim('web1', 2, at.call)
  expect((await refusal(work)).code).toBe('VM_STALE')
  await at.clock.advance(5_000)
  expect(at.world.host('default').domain('web1')?.state).toBe('running')
})

test('without fencing an old controller still gets through', async () => {
  const at = await twoHosts({}, { without: ['fencing'] })
  const { outgoing } = await at.clock.until(begun(at))
  await at.here.claim('web1', 2, at.call)
  await at.clock.until(outgoing.abort('late', at.call))
  expect(at.world.host('default').domain('web1')?.heldBy).toBeNull()
})
