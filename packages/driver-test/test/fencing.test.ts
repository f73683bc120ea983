import type { Capabilities, DriverConnection } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { test as testDriver } from '../src/index.ts'
import { fakeClock } from './fake-clock.ts'
import {
  begun,
  callOf,
  contextOf,
  offered,
  performed,
  performing,
  refusal,
  type TwoHosts,
  twoHosts,
  uriOf,
} from './two-hosts.ts'

const FENCINGS = ['host', 'session', 'none'] as const

/** Two hosts where the first controller holds `web1` on both under epoch 1. */
async function held(fencing: (typeof FENCINGS)[number]): Promise<TwoHosts> {
  const at = await twoHosts({}, { fencing })
  for (const connection of [at.here, at.there]) await connection.claim('web1', 1, at.call)
  return at
}

/** Another controller's connection to a host. */
function other(at: TwoHosts, host: string): Promise<DriverConnection> {
  const driver = testDriver({ world: at.world })
  return driver.connect(uriOf(host), contextOf(at.clock), callOf('m-2', 2))
}

async function takenOver(at: TwoHosts): Promise<void> {
  for (const host of ['default', 'beta']) await (await other(at, host)).claim('web1', 2, callOf('m-2', 2))
}

test.each(FENCINGS)('fencing %s is in the manifest of the driver and of its connections', async (fencing) => {
  const driver = testDriver({ fencing })
  expect(driver.capabilities.fencing).toBe(fencing)
  const connection = await driver.connect(uriOf('default'), contextOf(fakeClock()), callOf('m-1', 1))
  expect(connection.capabilities).toEqual(driver.capabilities)
})

test('a connection may fence less than its driver, and not more', async () => {
  const connect = (query: Record<string, string>, fencing: Capabilities['fencing']) =>
    testDriver({ fencing }).connect(uriOf('a', query), contextOf(fakeClock()), callOf('m-1', 1))
  expect((await connect({ fencing: 'session' }, 'host')).capabilities.fencing).toBe('session')
  expect((await connect({ fencing: 'none' }, 'session')).capabilities.fencing).toBe('none')
  expect((await connect({ fencing: 'session', without: 'fencing' }, 'host')).capabilities.fencing).toBe(
    'none',
  )
  for (const [wanted, has] of [
    ['host', 'session'],
    ['session', 'none'],
    ['moat', 'host'],
  ] as const)
    expect((await refusal(connect({ fencing: wanted }, has))).code).toBe('VM_INVALID')
  expect(() => testDriver({ fencing: 'moat' as 'host' })).toThrow('moat')
})

test.each(FENCINGS)('with fencing %s a claim is compare-and-set all the same', async (fencing) => {
  const at = await held(fencing)
  const second = await other(at, 'beta')
  expect((await refusal(second.claim('web1', 1, at.call))).code).toBe('VM_STALE')
  expect(await second.claim('web1', 2, at.call)).toEqual({ domain: 'web1', epoch: 2 })
  expect((await refusal(second.claim('web1', 2, at.call))).code).toBe('VM_STALE')
})

test.each([
  ['host', false],
  ['session', false],
  ['none', true],
] as const)('with fencing %s a finish of the former holder lands: %s', async (fencing, lands) => {
  const at = await held(fencing)
  const { outgoing, incoming } = await at.clock.until(begun(at))
  await performed(at, outgoing, incoming)
  await takenOver(at)
  const finish = at.clock.until(incoming.finish(at.call))
  if (lands) await finish
  else expect((await refusal(finish)).code).toBe('VM_STALE')
  expect(at.world.running(at.uuid())).toEqual(lands ? ['beta'] : [])
})

test.each([
  ['host', 'running'],
  ['session', 'running'],
  ['none', 'stopped'],
] as const)('with fencing %s copying goes on after a claim until the guest is %s', async (fencing, state) => {
  const at = await held(fencing)
  const { outgoing, incoming } = await at.clock.until(begun(at))
  const work = performing(at, outgoing, incoming)
  await at.clock.advance(300)
  await takenOver(at)
  if (fencing === 'none') await at.clock.until(work)
  else expect((await refusal(work)).code).toBe('VM_STALE')
  await at.clock.advance(5_000)
  expect(at.world.host('default').domain('web1')?.state).toBe(state)
})

test.each(['session', 'none'] as const)(
  'with fencing %s another controller may come between the comparison and the effect',
  async (fencing) => {
    const at = await held(fencing)
    const { outgoing, incoming } = await at.clock.until(begun(at))
    await performed(at, outgoing, incoming)
    const finish = incoming.finish(at.call).catch(() => {})
    await takenOver(at)
    expect(at.world.running(at.uuid())).toEqual([])
    await at.clock.until(finish)
    expect(at.world.running(at.uuid())).toEqual(fencing === 'none' ? ['beta'] : [])
  },
)

test('without fencing a late effect makes the guest run twice, and the world tells', async () => {
  for (const fencing of FENCINGS) {
    const at = await held(fencing)
    const { outgoing, incoming } = await at.clock.until(begun(at))
    await performed(at, outgoing, incoming)
    at.world.faults.add({ at: 'finish', kind: 'late' })
    await refusal(incoming.finish(at.call))
    await takenOver(at)
    const again = await other(at, 'default')
    const half = await again.source?.recall('m-1', callOf('m-1', 2))
    await half?.abort('taken over', callOf('m-1', 2))
    await at.clock.advance(60_000)
    expect(at.world.violations).toHaveLength(fencing === 'none' ? 1 : 0)
  }
})

test('a session that was ended answers nothing, and a new one of the same controller does', async () => {
  const at = await held('session')
  const offer = await offered(at)
  await takenOver(at)
  expect((await refusal(at.here.domains(at.call))).code).toBe('VM_STALE')
  expect((await refusal(at.here.source.begin(offer, at.request(), at.call))).code).toBe('VM_STALE')
  expect(await (await other(at, 'default')).domains(at.call)).toHaveLength(2)
})

test('a claim ends only sessions that had to do with that domain, and never its own', async () => {
  const at = await held('session')
  await (await other(at, 'default')).claim('db1', 2, at.call)
  await at.here.claim('web1', 5, at.call)
  expect(await at.here.domains(at.call)).toHaveLength(2)
})

test('what a session has under way ends with it, and goes on where the host fences', async () => {
  for (const fencing of ['session', 'host'] as const) {
    const at = await held(fencing)
    const { outgoing, incoming } = await at.clock.until(begun(at))
    const work = performing(at, outgoing, incoming)
    await at.clock.advance(300)
    await at.here.close()
    expect((await refusal(at.clock.until(work))).code).toBe('VM_CONNECTION')
    await at.clock.advance(5_000)
    const state = fencing === 'session' ? 'running' : 'stopped'
    expect(at.world.host('default').domain('web1')?.state).toBe(state)
  }
})
