import type { EffectOptions } from '@vmferry/core/driver'
import { describe, expect, test } from 'vitest'
import { settled } from './fake-clock.ts'
import { begun, callOf, performed, performing, refusal, type TwoHosts, twoHosts } from './two-hosts.ts'

const POINTS = [
  'check',
  'begin',
  'prepare',
  'perform',
  'ready',
  'hand-over',
  'finish',
  'confirm',
  'abort',
] as const
type Point = (typeof POINTS)[number]

/** Does everything that comes before a phase, and gives the phase's own call. */
async function upTo(at: TwoHosts, phase: Point): Promise<(call: EffectOptions) => Promise<unknown>> {
  const { source } = at.here
  const { target } = at.there
  if (phase === 'check') return (call) => source.check('web1', at.request(), call)
  const { offer } = await source.check('web1', at.request(), at.call)
  if (phase === 'begin') return (call) => source.begin(offer, at.request(), call)
  const outgoing = await source.begin(offer, at.request(), at.call)
  if (phase === 'prepare') return (call) => target.prepare(outgoing.offer, at.request(), call)
  const incoming = await target.prepare(outgoing.offer, at.request(), at.call)
  if (phase === 'perform') return ({ signal }) => performing(at, outgoing, incoming, signal)
  await performed(at, outgoing, incoming)
  if (phase === 'abort') return (call) => outgoing.abort('a test', call)
  if (phase === 'ready') return (call) => incoming.ready!(call)
  if (phase === 'hand-over') return (call) => outgoing.handOver!(call)
  if (phase === 'finish') return (call) => incoming.finish(call)
  await incoming.finish(at.call)
  return (call) => outgoing.confirm(call)
}

/** Whether the effect of a phase can be seen on the hosts. */
function hasHappened({ world }: TwoHosts, phase: Exclude<Point, 'check'>): boolean {
  const sender = world.host('default')
  const out = sender.outgoing.get('m-1')
  const into = world.host('beta').incoming.get('m-1')
  return {
    begin: out !== undefined,
    prepare: into?.guest?.state === 'incoming',
    perform: out?.sent === true,
    ready: into?.phase === 'ready',
    'hand-over': out?.phase === 'hand-over',
    finish: into?.guest?.state === 'running',
    confirm: sender.domain('web1') === null,
    abort: sender.domain('web1')?.heldBy === null,
  }[phase]
}

describe.each(POINTS)('in %s', (phase) => {
  test('a planned failure strikes once, before the effect, and the next try succeeds', async () => {
    const at = await twoHosts()
    const step = await upTo(at, phase)
    at.world.faults.add({ at: phase, kind: 'fail' })
    expect((await refusal(step(at.call))).code).toBe('VM_PHASE_FAILED')
    if (phase !== 'check') expect(hasHappened(at, phase)).toBe(false)
    expect(at.world.faults.pending()).toEqual([])
    await at.clock.until(step(at.call))
    expect(at.world.violations).toEqual([])
  })

  test('a hang ends only with the signal', async () => {
    const at = await twoHosts()
    const step = await upTo(at, phase)
    at.world.faults.add({ at: phase, kind: 'hang' })
    const stop = new AbortController()
    const work = step({ ...at.call, signal: stop.signal })
    let over = false
    const end = (): void => {
      over = true
    }
    work.then(end, end)
    await at.clock.advance(3_600_000)
    expect(over).toBe(false)
    stop.abort(new Error('enough'))
    expect((await refusal(work)).code).toBe('VM_ABORTED')
    if (phase !== 'check') expect(hasHappened(at, phase)).toBe(false)
  })

  test('a lost answer is a time-out after the effect, a lost request is one without', async () => {
    for (const kind of ['lose-answer', 'lose-request'] as const) {
      const at = await twoHosts()
      const step = await upTo(at, phase)
      at.world.faults.add({ at: phase, kind })
      expect((await refusal(at.clock.until(step(at.call)))).code).toBe('VM_TIMEOUT')
      if (phase !== 'check') expect(hasHappened(at, phase)).toBe(kind === 'lose-answer')
    }
  })
})

test('a failure after the effect is a broken connection, unless another code is asked for', async () => {
  const at = await twoHosts()
  const finish = await upTo(at, 'finish')
  at.world.faults.add({ at: 'finish', kind: 'fail', when: 'after' })
  expect((await refusal(finish(at.call))).code).toBe('VM_CONNECTION')
  at.world.faults.add({ at: 'finish', kind: 'fail', when: 'after', code: 'VM_PROTOCOL' })
  expect((await refusal(finish(at.call))).code).toBe('VM_PROTOCOL')
  expect(hasHappened(at, 'finish')).toBe(true)
})

test('a fault in the middle of finish leaves the mark and a guest that does not run', async () => {
  const at = await twoHosts()
  const finish = await upTo(at, 'finish')
  at.world.faults.add({ at: 'finish', kind: 'fail', when: 'during' })
  expect((await refusal(finish(at.call))).code).toBe('VM_PHASE_FAILED')
  const half = await at.there.target.recall('m-1', at.call)
  expect(await half.inspect(at.call)).toMatchObject({ run: 'stopped', complete: true, mayHaveRun: true })
  await half.finish(at.call)
  expect(at.world.running(at.uuid())).toEqual(['beta'])
})

test('a prepare that fails leaves nothing, one that is not answered leaves its record', async () => {
  const at = await twoHosts()
  const prepare = await upTo(at, 'prepare')
  at.world.faults.add({ at: 'prepare', kind: 'fail', when: 'during' })
  await refusal(prepare(at.call))
  expect(await at.there.migrations(at.call)).toEqual([])
  at.world.faults.add({ at: 'prepare', kind: 'hang', when: 'during' })
  const stop = new AbortController()
  const work = prepare({ ...at.call, signal: stop.signal })
  await settled()
  stop.abort()
  await refusal(work)
  expect(await at.there.migrations(at.call)).toMatchObject([{ migration: 'm-1', phase: 'prepare' }])
  await prepare(at.call)
  expect(at.world.host('beta').domain('web1')?.state).toBe('incoming')
  await (await at.there.target.recall('m-1', at.call)).abort('a test', at.call)
  expect(await at.there.migrations(at.call)).toEqual([])
})

test('a fault strikes only where it is planned, as often as it is planned', async () => {
  const at = await twoHosts()
  at.world.faults.add({ at: 'check', kind: 'fail', host: 'beta' })
  at.world.faults.add({ at: 'check', kind: 'fail', side: 'target' })
  at.world.faults.add({ at: 'check', kind: 'fail', domain: 'db1', times: 2 })
  const check = (domain: string): Promise<unknown> => at.here.source.check(domain, at.request(), at.call)
  await check('web1')
  await refusal(check('db1'))
  await refusal(check('db1'))
  await check('db1')
  expect(at.world.faults.pending()).toHaveLength(2)
  at.world.faults.clear()
  expect(at.world.faults.pending()).toEqual([])
  expect(() => at.world.faults.add({ at: 'check', kind: 'fail', times: 0 })).toThrow('0 times')
  expect(() => at.world.faults.add({ at: 'check', kind: 'lose-answer', when: 'before' })).toThrow('before')
})

test('connect, claim, recall and inspect can be struck as well', async () => {
  const at = await twoHosts()
  const { outgoing } = await begun(at)
  at.world.faults.add({ at: 'claim', kind: 'lose-answer' })
  expect((await refusal(at.here.claim('web1', 5, at.call))).code).toBe('VM_TIMEOUT')
  expect((await refusal(at.here.claim('web1', 5, at.call))).code).toBe('VM_STALE')
  at.world.faults.add({ at: 'recall', kind: 'fail', code: 'VM_CONNECTION' })
  expect((await refusal(at.here.source.recall('m-1', callOf('m-1', 5)))).code).toBe('VM_CONNECTION')
  at.world.faults.add({ at: 'inspect', kind: 'lose-request' })
  expect((await refusal(outgoing.inspect(at.call))).code).toBe('VM_TIMEOUT')
})

describe.each(POINTS.filter((phase) => phase !== 'check'))('in %s', (phase) => {
  test('an answer that cannot be read comes after the effect', async () => {
    const at = await twoHosts()
    const step = await upTo(at, phase)
    at.world.faults.add({ at: phase, kind: 'garbage' })
    expect((await refusal(at.clock.until(step(at.call)))).code).toBe('VM_PROTOCOL')
    expect(hasHappened(at, phase)).toBe(true)
  })

  test('a request that is delivered twice is done twice where that can be, and harms nothing', async () => {
    const at = await twoHosts()
    const step = await upTo(at, phase)
    at.world.faults.add({ at: phase, kind: 'duplicate' })
    const work = at.clock.until(step(at.call))
    if (phase === 'perform') expect((await refusal(work)).code).toBe('VM_INVALID')
    else await work
    expect(hasHappened(at, phase)).toBe(true)
    expect(at.world.violations).toEqual([])
  })

  test('a late request is a time-out at once, and its effect comes later', async () => {
    const at = await twoHosts()
    const step = await upTo(at, phase)
    at.world.faults.add({ at: phase, kind: 'late', delayMs: 5_000 })
    expect((await refusal(step(at.call))).code).toBe('VM_TIMEOUT')
    await at.clock.advance(4_999)
    expect(hasHappened(at, phase)).toBe(false)
    await at.clock.advance(10_000)
    expect(hasHappened(at, phase)).toBe(true)
    if (phase === 'perform') expect(at.progress).toEqual([])
  })

  test('a late request that has become stale has no effect', async () => {
    const at = await twoHosts()
    const step = await upTo(at, phase)
    at.world.faults.add({ at: phase, kind: 'late' })
    await refusal(step(at.call))
    for (const connection of [at.here, at.there]) await connection.claim('web1', 2, at.call)
    await at.clock.advance(60_000)
    expect(hasHappened(at, phase)).toBe(false)
  })
})

test('a late perform that arrives after the abort leaves the guest running', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  at.world.faults.add({ at: 'perform', kind: 'late' })
  await refusal(performing(at, outgoing, incoming))
  await outgoing.abort('a test', at.call)
  await at.clock.advance(60_000)
  expect(at.world.host('default').domain('web1')).toMatchObject({ state: 'running', heldBy: null })
})

test('a claim that is delivered twice is stale the second time', async () => {
  const at = await twoHosts()
  at.world.faults.add({ at: 'claim', kind: 'duplicate' })
  expect((await refusal(at.here.claim('web1', 5, at.call))).code).toBe('VM_STALE')
  expect(at.world.host('default').epochs.get('web1')).toBe(5)
})

test('only a late fault has a delay, and the new kinds strike when they must', async () => {
  const { world } = await twoHosts()
  expect(() => world.faults.add({ at: 'finish', kind: 'fail', delayMs: 1 })).toThrow('delay of 1 ms')
  expect(() => world.faults.add({ at: 'finish', kind: 'late', delayMs: -1 })).toThrow('delay of -1 ms')
  expect(() => world.faults.add({ at: 'finish', kind: 'late', when: 'after' })).toThrow('after')
  expect(() => world.faults.add({ at: 'finish', kind: 'duplicate', when: 'during' })).toThrow('during')
  expect(() => world.faults.add({ at: 'finish', kind: 'garbage', when: 'before' })).toThrow('before')
})
