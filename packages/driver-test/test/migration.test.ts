import { expect, test } from 'vitest'
import { begin, begun, performed, performing, refusal, twoHosts } from './two-hosts.ts'

const MIB = 1024 ** 2

test('a live migration brings every page and the registers to the target', async () => {
  const at = await twoHosts()
  await at.clock.advance(5_000)
  const { outgoing, incoming } = await begun(at)
  expect(at.world.host('beta').domain('web1')).toMatchObject({ state: 'incoming', counter: 0 })

  const figures = await performed(at, outgoing, incoming)
  const sent = at.world.host('default').domain('web1')
  expect(sent).toMatchObject({ state: 'stopped' })
  expect(at.world.host('beta').domain('web1')?.checksum).toBe(sent?.checksum)
  expect(figures.rounds).toBeGreaterThanOrEqual(2)
  expect(figures.bytes).toBeGreaterThan(64 * MIB)
  expect(figures.hypervisorDowntimeMs).toBeLessThanOrEqual(300)

  await incoming.ready?.(at.call)
  await outgoing.handOver?.(at.call)
  await incoming.finish(at.call)
  expect(at.world.running(at.uuid())).toEqual(['beta'])
  await outgoing.confirm(at.call)
  expect(at.world.host('default').domain('web1')).toBeNull()

  const before = at.world.host('beta').domain('web1')?.counter ?? 0
  await at.clock.advance(1_000)
  expect(at.world.host('beta').domain('web1')?.counter).toBe(before + 1_000)
  expect(at.world.violations).toEqual([])
})

test('the default migration takes about a second and tells at least three times how far it is', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  const from = at.clock.monotonic()
  await performed(at, outgoing, incoming)
  const took = at.clock.monotonic() - from
  expect(took).toBeGreaterThan(700)
  expect(took).toBeLessThan(1_300)
  const transfers = at.progress.filter((event) => event.type === 'transfer')
  expect(transfers.length).toBeGreaterThanOrEqual(3)
  expect(transfers.at(-1)).toMatchObject({ remainingBytes: 0, totalBytes: 64 * MIB })
  expect(transfers.map(({ bytes }) => bytes)).toEqual(
    transfers.map(({ bytes }) => bytes).toSorted((one, other) => one - other),
  )
})

test('a live guest runs while it is copied, another one is stopped first', async () => {
  for (const live of [true, false]) {
    const at = await twoHosts()
    const { outgoing, incoming } = await begun(at, { live })
    const before = at.world.host('default').domain('web1')?.counter ?? 0
    const work = performing(at, outgoing, incoming)
    await at.clock.advance(500)
    expect(at.world.host('default').domain('web1')).toMatchObject({
      state: live ? 'running' : 'stopped',
      counter: before + (live ? 500 : 0),
    })
    const { rounds, bytes } = await at.clock.until(work)
    if (!live) expect({ rounds, bytes }).toEqual({ rounds: 1, bytes: 64 * MIB })
    expect(at.progress.filter(({ type }) => type === 'stopped')).toHaveLength(1)
  }
})

test('a bandwidth limit is obeyed within a tenth, and so is one that comes later', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at, { bandwidth: 8 * MIB, live: false })
  const work = performing(at, outgoing, incoming)
  await at.clock.advance(4_000)
  const bytes = (): number =>
    Math.max(...at.progress.map((event) => (event.type === 'transfer' ? event.bytes : 0)))
  expect(bytes() / (4 * 8 * MIB)).toBeCloseTo(1, 1)
  await outgoing.tune?.({ bandwidth: 16 * MIB }, at.call)
  await at.clock.until(work)
  expect(at.clock.monotonic()).toBeGreaterThan(6_000 * 0.9)
  expect(at.clock.monotonic()).toBeLessThan(6_000 * 1.1)
})

test('a guest that writes faster than the link carries is stopped when the rounds run out', async () => {
  const at = await twoHosts({ maxRounds: 4 })
  at.world.host('default').setDirtyRate('web1', 2_000)
  const { outgoing, incoming } = await begun(at)
  const { rounds, hypervisorDowntimeMs } = await performed(at, outgoing, incoming)
  expect(rounds).toBe(5)
  expect(hypervisorDowntimeMs).toBeGreaterThan(300)
  expect(at.progress).toContainEqual(expect.objectContaining({ type: 'warning', code: 'not-converging' }))
  expect(at.world.host('beta').domain('web1')?.checksum).toBe(
    at.world.host('default').domain('web1')?.checksum,
  )
})

test('a guest that is suspended in the midst of its copy stands still from then on, and one round is left', async () => {
  const at = await twoHosts()
  at.world.host('default').setDirtyRate('web1', 2_000)
  const { outgoing, incoming } = await begun(at, { bandwidth: 16 * MIB })
  const work = performing(at, outgoing, incoming)
  await at.clock.advance(1_000)
  expect(at.world.host('default').domain('web1')).toMatchObject({ state: 'running' })
  await outgoing.tune?.({ suspend: true }, at.call)
  await at.clock.advance(200)
  expect(at.world.host('default').domain('web1')).toMatchObject({ state: 'stopped' })
  expect((await at.clock.until(work)).rounds).toBe(2)
  expect(at.progress.filter(({ type }) => type === 'stopped')).toHaveLength(1)
})

test('a shorter downtime takes more rounds, asked for at the start or in the midst', async () => {
  const rounds = async (maxDowntime: number | null, later: number | null): Promise<number> => {
    const at = await twoHosts()
    at.world.host('default').setDirtyRate('web1', 150)
    const { outgoing, incoming } = await begun(at, { maxDowntime })
    const work = performing(at, outgoing, incoming)
    await at.clock.advance(200)
    if (later !== null) await outgoing.tune?.({ maxDowntime: later }, at.call)
    return (await at.clock.until(work)).rounds
  }
  const usual = await rounds(null, null)
  expect(await rounds(20, null)).toBeGreaterThan(usual)
  expect(await rounds(null, 20)).toBeGreaterThan(usual)
})

test('the domain has its new name at the target, and its uuid', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at, { rename: 'web9' })
  const uuid = at.uuid()
  await performed(at, outgoing, incoming)
  await incoming.finish(at.call)
  await outgoing.confirm(at.call)
  expect(await at.there.domain('web9', at.call)).toMatchObject({ name: 'web9', uuid, state: 'running' })
  expect((await refusal(at.there.domain('web1', at.call))).code).toBe('VM_NOT_FOUND')
})

test('a paused guest stays paused, and a running one arrives paused if that is asked', async () => {
  for (const [before, wishes] of [
    ['paused', {}],
    ['running', { paused: true }],
  ] as const) {
    const at = await twoHosts()
    if (before === 'paused') at.world.host('default').pause('web1')
    const { outgoing, incoming } = await begun(at, wishes)
    expect(outgoing.offer.runState).toBe(before)
    await performed(at, outgoing, incoming)
    await incoming.finish(at.call)
    expect(at.world.host('beta').domain('web1')).toMatchObject({ state: 'paused', heldBy: null })
    expect(at.world.running(at.uuid())).toEqual([])
    at.world.host('beta').resume('web1')
    expect(at.world.running(at.uuid())).toEqual(['beta'])
  }
})

test('a domain that has arrived can be sent back', async () => {
  const at = await twoHosts()
  const uuid = at.uuid()
  const { outgoing, incoming } = await begun(at)
  await performed(at, outgoing, incoming)
  await incoming.finish(at.call)
  await outgoing.confirm(at.call)

  const call = { ...at.call, migration: 'm-2' }
  const request = { ...at.request(), source: at.request().target, target: at.request().source }
  const back = await begin(at.there.source!, request, call)
  const home = await at.here.target?.prepare(back.offer, request, call)
  await at.clock.until(back.perform(home!.ticket, () => Promise.reject(new Error('none')), call))
  await home!.finish(call)
  await back.confirm(call)
  expect(at.world.running(uuid)).toEqual(['default'])
  expect(await at.there.migrations(call)).toEqual([])
  expect((await refusal(incoming.finish(at.call))).code).toBe('VM_INVALID')
  expect((await refusal(incoming.abort('late', at.call))).code).toBe('VM_INVALID')
})

test('finish and confirm may be repeated, and a call at the wrong time is refused', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  expect((await refusal(incoming.ready!(at.call))).code).toBe('VM_PHASE_FAILED')
  expect((await refusal(incoming.finish(at.call))).code).toBe('VM_INVALID')
  expect((await refusal(outgoing.handOver!(at.call))).code).toBe('VM_INVALID')
  expect((await refusal(outgoing.confirm(at.call))).code).toBe('VM_INVALID')
  expect((await refusal(outgoing.tune!({ bandwidth: 1 }, at.call))).code).toBe('VM_INVALID')
  await performed(at, outgoing, incoming)
  expect((await refusal(performing(at, outgoing, incoming))).code).toBe('VM_INVALID')
  for (const _ of [1, 2]) await incoming.finish(at.call)
  for (const _ of [1, 2]) await outgoing.confirm(at.call)
  expect((await refusal(outgoing.abort('late', at.call))).code).toBe('VM_INVALID')
  expect(at.world.running(at.uuid())).toEqual(['beta'])
  expect(at.world.violations).toEqual([])
})

test('two copies that run at once are noted as a violation', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  await performed(at, outgoing, incoming)
  const uuid = at.uuid()
  await outgoing.abort('a controller that is mistaken', at.call)
  await incoming.finish(at.call)
  expect(at.world.running(uuid)).toEqual(['default', 'beta'])
  expect(at.world.violations).toEqual([{ at: at.world.now(), uuid, hosts: ['default', 'beta'] }])
})

test('latency delays each round and the end of the stream', async () => {
  const took = async (linkLatencyMs: number): Promise<{ ms: number; rounds: number }> => {
    const at = await twoHosts({ linkLatencyMs })
    at.world.host('default').setDirtyRate('web1', 0)
    const { outgoing, incoming } = await begun(at)
    const from = at.clock.monotonic()
    const { rounds } = await performed(at, outgoing, incoming)
    return { ms: at.clock.monotonic() - from, rounds }
  }
  const near = await took(0)
  const far = await took(200)
  expect(far.rounds).toBe(near.rounds)
  expect(far.ms - near.ms).toBeCloseTo(200 * (near.rounds + 1), 3)
})

test('an abort while the end of the stream is under way leaves the guest running', async () => {
  const at = await twoHosts({ linkLatencyMs: 10_000 })
  const { outgoing, incoming } = await begun(at)
  const work = performing(at, outgoing, incoming)
  while (at.world.host('default').domain('web1')?.state === 'running') await at.clock.advance(1_000)
  await outgoing.abort('a test', at.call)
  await refusal(at.clock.until(work))
  expect(at.world.host('default').domain('web1')).toMatchObject({ state: 'running', heldBy: null })
  expect((await incoming.inspect(at.call)).complete).toBe(false)
})
