import { expect, test } from 'vitest'
import { abortError, vmError } from '../src/index.ts'
import type { Spot } from './fake-driver.ts'
import { eventsOf, ferried, gate, rejection } from './ferried.ts'

const fail = (): never => {
  throw vmError('VM_PHASE_FAILED', 'planted')
}
const timeOut = (): never => {
  throw vmError('VM_TIMEOUT', 'no answer')
}

const BEFORE_COMMIT: readonly Spot[] = ['begin', 'prepare', 'perform', 'ready', 'handOver']

for (const spot of BEFORE_COMMIT) {
  test(`a failure in ${spot} ends with the source as it was and the target gone`, async () => {
    const { web1, there, world } = await ferried()
    world.before[spot] = fail
    expect(await rejection(web1.migrate(there, { live: true }))).toMatchObject({
      code: 'VM_PHASE_FAILED',
      outcome: 'rolledBack',
      guest: { source: 'running', target: 'none' },
    })
    expect(world.source).toBe('running')
    expect(['none', 'gone']).toContain(world.target)
    expect(world.calls).not.toContain('finish')
  })

  test(`an answer lost in ${spot} is unknown: both hosts are asked, and it is rolled back`, async () => {
    const { web1, there, world } = await ferried()
    world.after[spot] = timeOut
    expect(await rejection(web1.migrate(there))).toMatchObject({ code: 'VM_TIMEOUT', outcome: 'rolledBack' })
    expect(world.source).toBe('running')
    expect(['none', 'gone']).toContain(world.target)
  })
}

test('the target is ended before a stopped source is revived', async () => {
  const { web1, there, world } = await ferried()
  world.before.ready = fail
  await rejection(web1.migrate(there))
  const order = world.calls.filter((call) => call.endsWith('abort'))
  expect(order).toEqual(['target.abort', 'source.abort'])
})

test('a target that somebody else has run after the copy is in charge: the source is not run from before that', async () => {
  const { web1, there, world } = await ferried()
  world.before.ready = () => {
    world.target = 'running'
    fail()
  }
  await web1.migrate(there)
  expect(world).toMatchObject({ source: 'gone', target: 'running', mark: true })
  expect(world.calls).not.toContain('target.abort')
})

test('a target host that has forgotten the migration after the commit proves nothing: the source stays stopped', async () => {
  const { web1, there, world } = await ferried()
  world.after.finish = () => {
    Object.assign(world, { target: 'none', mark: false })
    timeOut()
  }
  expect(await rejection(web1.migrate(there))).toMatchObject({ code: 'VM_IN_DOUBT', outcome: 'inDoubt' })
  expect(world.source).toBe('stopped')
  expect(world.calls).not.toContain('source.abort')
})

test('a target that ended by itself says why, among the causes', async () => {
  const { web1, there, world } = await ferried()
  world.before.perform = () => {
    world.target = 'gone'
    fail()
  }
  expect(await rejection(web1.migrate(there))).toMatchObject({
    code: 'VM_PHASE_FAILED',
    message: 'planted',
    causes: [{ host: 'localhost', words: 'target says gone' }],
  })
})

test('a paused guest is paused again after a roll-back', async () => {
  const { web1, there, world, here } = await ferried()
  void web1
  world.source = 'paused'
  const paused = await here.domain('web1')
  world.before.handOver = fail
  expect(await rejection(paused.migrate(there))).toMatchObject({ outcome: 'rolledBack' })
})

test('a target that cannot be cleaned up is listed as pending, and the source runs', async () => {
  const { web1, there, world } = await ferried()
  world.before.perform = fail
  world.before['target.abort'] = fail
  const error = await rejection(web1.migrate(there))
  expect(error).toMatchObject({
    outcome: 'rolledBack',
    guest: { source: 'running', target: 'unknown' },
    report: { pending: [{ side: 'target', what: expect.stringContaining('could not be ended') }] },
  })
})

test('a lost answer to finish is no failure: the target is asked, and it runs', async () => {
  const { web1, there, world } = await ferried()
  world.after.finish = timeOut
  const migration = web1.migrate(there)
  expect((await migration).name).toBe('web1')
  expect([world.source, world.target]).toEqual(['gone', 'running'])
})

test('a finish that did not happen is asked for again', async () => {
  const { web1, there, world } = await ferried()
  let tries = 0
  world.before.finish = () => {
    tries += 1
    if (tries < 3) timeOut()
  }
  await web1.migrate(there)
  expect(tries).toBe(3)
  expect([world.source, world.target]).toEqual(['gone', 'running'])
})

test('a target that never runs is killed, proved gone, and only then the source is revived', async () => {
  const { web1, there, world } = await ferried()
  world.before.finish = fail
  expect(await rejection(web1.migrate(there))).toMatchObject({
    outcome: 'rolledBack',
    guest: { source: 'running', target: 'none' },
  })
  expect([world.source, world.target]).toEqual(['running', 'gone'])
  expect(world.calls.indexOf('target.abort')).toBeLessThan(world.calls.indexOf('source.abort'))
})

test('a target that may have run and is gone leaves the source stopped, in doubt', async () => {
  const { web1, there, world } = await ferried()
  world.after.finish = () => {
    world.target = 'gone'
    timeOut()
  }
  const error = await rejection(web1.migrate(there))
  expect(error).toMatchObject({
    code: 'VM_IN_DOUBT',
    outcome: 'inDoubt',
    guest: { source: 'stopped', target: 'none' },
  })
  expect(world.source).toBe('stopped')
  expect(world.calls).not.toContain('source.abort')
})

test('a target that cannot be asked after the commit is asked again for a bounded time, then it is in doubt', async () => {
  const { web1, there, world, clock } = await ferried()
  const finishing = gate()
  world.before.finish = () => {
    finishing.open()
    timeOut()
  }
  world.before['target.inspect'] = timeOut
  const migration = web1.migrate(there)
  await finishing.opened
  await clock.advance(200_000)
  expect(await rejection(migration)).toMatchObject({
    outcome: 'inDoubt',
    guest: { source: 'stopped', target: 'unknown' },
    remedy: expect.stringContaining('vmferry list fake:///there'),
  })
  expect(world.source).toBe('stopped')
})

test('a target that can be asked again in time is finished after all', async () => {
  const { web1, there, world, clock } = await ferried()
  const finishing = gate()
  let dark = true
  world.before.finish = () => {
    finishing.open()
    if (dark) timeOut()
  }
  world.before['target.inspect'] = () => {
    if (dark) timeOut()
  }
  const migration = web1.migrate(there)
  await finishing.opened
  await clock.advance(5_000)
  dark = false
  await clock.advance(5_000)
  expect((await migration).name).toBe('web1')
})

test('both copies gone is lost', async () => {
  const { web1, there, world } = await ferried()
  world.before.perform = () => {
    world.source = 'gone'
    fail()
  }
  expect(await rejection(web1.migrate(there))).toMatchObject({ code: 'VM_LOST', outcome: 'lost' })
})

test('a source that dies when the target has everything is no loss: the target runs, once that is journalled', async () => {
  const { web1, there, world, journal } = await ferried()
  world.before.handOver = () => {
    world.source = 'gone'
    timeOut()
  }
  const committing = async () => (await journal.entries()).some(({ step }) => step === 'committing')
  const before: boolean[] = []
  world.before.finish = async () => {
    before.push(await committing())
  }
  await web1.migrate(there)
  expect(world.target).toBe('running')
  expect(before).toEqual([true])
})

test('a confirm that fails is migrated all the same, with a warning and a pending source', async () => {
  const { web1, there, world } = await ferried()
  world.before.confirm = fail
  const migration = web1.migrate(there)
  await migration
  expect(migration.report?.pending).toMatchObject([{ side: 'source' }])
  const events = await eventsOf(migration)
  expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'source-copy-left' }))
  expect(events.at(-1)).toMatchObject({ outcome: 'migrated' })
})

test('a copy whose bytes stop moving is a stalled link, found by core itself', async () => {
  const { web1, there, world, clock } = await ferried()
  const copying = gate()
  world.before.perform = (call) =>
    new Promise((_, reject) => {
      call.onProgress?.({ type: 'transfer', round: 1, bytes: 5, remainingBytes: 5, totalBytes: 10 })
      call.signal.addEventListener('abort', () => reject(abortError(call.signal)))
      copying.open()
    })
  const migration = web1.migrate(there)
  await copying.opened
  await clock.advance(29_000)
  expect(migration.report).toBeNull()
  await clock.advance(2_000)
  expect(await rejection(migration)).toMatchObject({
    code: 'VM_TIMEOUT',
    phase: 'perform',
    outcome: 'rolledBack',
  })
})

test('a driver that neither answers nor stops is left behind, and the hosts are asked', async () => {
  const { web1, there, world, clock } = await ferried()
  const hung = gate()
  world.before.prepare = () => {
    hung.open()
    return new Promise(() => {})
  }
  const migration = web1.migrate(there)
  await hung.opened
  await clock.advance(80_000)
  expect(await rejection(migration)).toMatchObject({
    code: 'VM_TIMEOUT',
    phase: 'prepare',
    outcome: 'rolledBack',
  })
})

test('a driver that throws something else has broken its contract, and the error says so', async () => {
  const { web1, there, world } = await ferried()
  world.before.prepare = () => {
    throw new TypeError('x is not a function')
  }
  expect(await rejection(web1.migrate(there))).toMatchObject({
    code: 'VM_PROTOCOL',
    phase: 'prepare',
    host: 'localhost',
    outcome: 'rolledBack',
  })
})
