import { expect, test } from 'vitest'
import { vmError } from '../src/index.ts'
import { FAKE_CAPABILITIES, fakeDriver } from './fake-driver.ts'
import { ferried, gate, rejection } from './ferried.ts'

const able = { ...FAKE_CAPABILITIES, postCopy: true }
const WISH = { live: true, postCopy: true } as const

/** Two hosts, and a copy that ends in post-copy. */
async function split() {
  const parts = await ferried((world) => fakeDriver(world, able))
  parts.world.postCopy = 'permitted'
  return parts
}

const fail = (): never => {
  throw vmError('VM_PHASE_FAILED', 'planted')
}

test('in post-copy the rest of the pages is waited for after finish, and only then the source is ended', async () => {
  const { web1, there, world, journal } = await split()
  await web1.migrate(there, WISH)
  expect(world.calls.slice(-4)).toEqual(['handOver', 'finish', 'drain', 'confirm'])
  const steps = (await journal.entries()).map(({ step }) => step)
  expect(steps.indexOf('postcopy')).toBeLessThan(steps.indexOf('committing'))
})

test('once post-copy is permitted a cancel is too late', async () => {
  const { web1, there, world } = await split()
  const performing = gate()
  const go = gate()
  world.before.perform = async () => {
    performing.open()
    await go.opened
  }
  const migration = web1.migrate(there, WISH)
  await performing.opened
  expect(await rejection(migration.cancel())).toMatchObject({ code: 'VM_INVALID' })
  go.open()
  await migration
  expect(world.target).toBe('running')
})

test('a post-copy that cannot be put on file is not permitted, and the source runs on', async () => {
  const { web1, there, world, journal } = await split()
  const { append } = journal
  journal.append = async (entry) => {
    if (entry.step === 'postcopy') throw vmError('VM_PHASE_FAILED', 'ENOSPC')
    await append(entry)
  }
  expect(await rejection(web1.migrate(there, WISH))).toMatchObject({ outcome: 'rolledBack' })
  expect([world.source, world.postCopy]).toEqual(['running', 'permitted'])
})

test('what was permitted and never began is rolled back', async () => {
  const { web1, there, world } = await split()
  world.before.perform = fail
  expect(await rejection(web1.migrate(there, WISH))).toMatchObject({ outcome: 'rolledBack' })
  expect(world.source).toBe('running')
})

test('a failure after post-copy has begun only leads forward', async () => {
  for (const spot of ['perform', 'ready', 'handOver', 'finish', 'drain'] as const) {
    const { web1, there, world } = await split()
    let once = false
    world.after[spot] = () => {
      if (once) return
      once = true
      throw vmError('VM_TIMEOUT', 'no answer')
    }
    await web1.migrate(there, WISH)
    expect(world).toMatchObject({ source: 'gone', target: 'running', complete: true })
    expect(world.calls.filter((call) => call.endsWith('abort'))).toEqual([])
    expect(world.calls.indexOf('drain')).toBeLessThan(world.calls.indexOf('confirm'))
  }
})

test('a link that was lost is made anew at the target, and the rest goes there', async () => {
  const { web1, there, world, clock } = await split()
  let drains = 0
  const second = gate()
  world.before.drain = () => {
    drains += 1
    if (drains === 2) second.open()
    if (drains < 3) fail()
  }
  const migration = web1.migrate(there, WISH)
  await second.opened
  await clock.advance(2_000)
  await migration
  expect(world.calls.slice(-4)).toEqual(['reopen', 'again to another wire', 'drain', 'confirm'])
})

test('a link that stays lost leaves both copies as they are, in doubt, with what to do next', async () => {
  const { web1, there, world, clock } = await split()
  const failed = gate()
  world.before.reopen = fail
  world.before.drain = () => {
    if (world.calls.filter((call) => call === 'drain').length === 2) failed.open()
    fail()
  }
  const migration = web1.migrate(there, WISH)
  await failed.opened
  await clock.advance(200_000)
  expect(await rejection(migration)).toMatchObject({
    code: 'VM_IN_DOUBT',
    outcome: 'inDoubt',
    guest: { source: 'stopped', target: 'running' },
    message: expect.stringContaining('some of its memory is still on'),
    remedy: expect.stringContaining('vmferry recover'),
  })
  expect(world.calls).not.toContain('confirm')
})

test('a source that dies before all has arrived takes the guest with it', async () => {
  const { web1, there, world } = await split()
  world.before.drain = () => {
    world.source = 'gone'
  }
  expect(await rejection(web1.migrate(there, WISH))).toMatchObject({
    code: 'VM_LOST',
    outcome: 'lost',
    message: expect.stringContaining('spread over both hosts'),
  })
  expect(world.target).toBe('gone')
})

test('a source that dies when all has just arrived takes nothing with it', async () => {
  const { web1, there, world } = await split()
  world.after.drain = () => {
    world.source = 'gone'
    world.complete = true
    throw vmError('VM_TIMEOUT', 'no answer')
  }
  await web1.migrate(there, WISH)
  expect(world.target).toBe('running')
})

test('a target that dies after post-copy has begun leaves nothing to go back to', async () => {
  const { web1, there, world } = await split()
  world.before.drain = () => {
    world.target = 'gone'
    fail()
  }
  expect(await rejection(web1.migrate(there, WISH))).toMatchObject({ code: 'VM_LOST', outcome: 'lost' })
  expect(world.source).toBe('gone')
  expect(world.calls).not.toContain('source.abort')
})
