import { expect, test } from 'vitest'
import { begun, performed, performing, refusal, twoHosts } from './two-hosts.ts'

test('a cut link moves nothing until it is restored or the signal fires', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  const link = at.world.link('default', 'beta')
  const stop = new AbortController()
  const work = performing(at, outgoing, incoming, stop.signal)
  await at.clock.advance(300)
  link.cut()
  const told = at.progress.length
  await at.clock.advance(60_000)
  expect(at.progress.length).toBe(told)
  link.restore()
  await at.clock.advance(150)
  expect(at.progress.length).toBeGreaterThan(told)
  link.cut()
  await at.clock.advance(60_000)
  stop.abort()
  expect((await refusal(work)).code).toBe('VM_ABORTED')
})

test('a reset link fails what is performing, and carries the next migration', async () => {
  for (const cutBefore of [true, false]) {
    const at = await twoHosts()
    const { outgoing, incoming } = await begun(at)
    const link = at.world.link('default', 'beta')
    const work = performing(at, outgoing, incoming)
    await at.clock.advance(300)
    if (cutBefore) link.cut()
    await at.clock.advance(300)
    link.reset()
    const error = await refusal(at.clock.until(work))
    expect(error.code).toBe('VM_PHASE_FAILED')
    expect(error.causes).toEqual([{ host: 'default', words: 'connection reset by peer' }])
    link.restore()
    await incoming.abort('a test', at.call)
    await outgoing.abort('a test', at.call)
    const again = { ...at, call: { ...at.call, migration: 'm-2' } }
    const next = await begun(again)
    await performed(again, next.outgoing, next.incoming)
  }
})

test('when a process dies in mid-copy, perform fails and its host says that it is gone', async () => {
  for (const [host, kind] of [
    ['default', 'by hand'],
    ['beta', 'by hand'],
    ['default', 'planned'],
  ] as const) {
    const at = await twoHosts()
    const { outgoing, incoming } = await begun(at)
    if (kind === 'planned') at.world.faults.add({ at: 'perform', kind: 'crash', when: 'during' })
    const work = performing(at, outgoing, incoming)
    await at.clock.advance(300)
    if (kind === 'by hand') at.world.host(host).crash('web1')
    expect((await refusal(at.clock.until(work))).code).toBe('VM_PHASE_FAILED')
    const half = host === 'default' ? outgoing : incoming
    expect(await half.inspect(at.call)).toMatchObject({ run: 'gone', complete: false, revivable: false })
    expect(at.world.host(host).domain('web1')?.state).toBe('failed')

    await incoming.abort('a test', at.call)
    if (host === 'beta') await outgoing.abort('a test', at.call)
    else expect((await refusal(outgoing.abort('a test', at.call))).code).toBe('VM_PHASE_FAILED')
    expect(at.world.running(at.uuid())).toEqual(host === 'beta' ? ['default'] : [])
    expect(at.world.host('beta').guests.size).toBe(0)
  }
})

test('a process that is dead when perform is called, or dies in it, is not copied', async () => {
  for (const when of ['before', 'during'] as const) {
    for (const [live, linkBytesPerSecond] of [
      [true, 72 * 1024 ** 2],
      [false, 72 * 1024 ** 2],
      [true, Number.POSITIVE_INFINITY],
    ] as const) {
      const at = await twoHosts({ linkBytesPerSecond })
      const { outgoing, incoming } = await begun(at, { live })
      at.world.faults.add({ at: 'perform', kind: 'crash', side: 'source', when })
      const error = await refusal(performed(at, outgoing, incoming))
      expect(at.world.faults.pending()).toEqual([])
      expect(error).toMatchObject({ code: 'VM_PHASE_FAILED', host: 'default' })
      expect(error.message).toBe("the process of 'web1' on default is gone")
      expect(await outgoing.inspect(at.call)).toMatchObject({ run: 'gone', revivable: false })
      expect((await refusal(incoming.ready!(at.call))).code).toBe('VM_PHASE_FAILED')
      expect(at.world.host('default').domain('web1')?.state).toBe('failed')
    }
  }
})

test('a target that died after it was loaded is neither ready nor finished', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  await performed(at, outgoing, incoming)
  at.world.host('beta').crash()
  expect((await refusal(incoming.ready!(at.call))).code).toBe('VM_PHASE_FAILED')
  expect((await refusal(incoming.finish(at.call))).code).toBe('VM_PHASE_FAILED')
  expect(await incoming.inspect(at.call)).toMatchObject({ run: 'gone', mayHaveRun: false })
})

test('a host that is not reachable answers nothing, and the answer to what it does is lost', async () => {
  const at = await twoHosts()
  const { outgoing, incoming } = await begun(at)
  const work = performing(at, outgoing, incoming)
  at.world.host('default').reachable = false
  expect((await refusal(at.clock.until(work))).code).toBe('VM_CONNECTION')
  expect((await refusal(at.here.domains(at.call))).code).toBe('VM_CONNECTION')
  expect((await refusal(outgoing.inspect(at.call))).code).toBe('VM_CONNECTION')
  at.world.host('default').reachable = true
  expect(await outgoing.inspect(at.call)).toMatchObject({ run: 'stopped', complete: true })
})
