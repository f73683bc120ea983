import { createWorld, type World } from '@vmferry/driver-test'
import { describe, expect, test } from 'vitest'
import type { Controller } from '../src/controller.ts'
import { checkEnd } from '../src/end-check.ts'
import type { Told } from '../src/operator.ts'
import { createOracle } from '../src/oracle.ts'
import type { Passage } from '../src/passage.ts'
import { checkTold } from '../src/told-check.ts'
import { createTrace } from '../src/trace.ts'

const UUID = '7e570000-0000-4000-8000-000000000001'
const CONTROLLER = { name: 'controller 1' } as Controller
const STALE = { call: 'abort', host: 'alpha', epoch: 1, controller: CONTROLLER } as Passage
const MIGRATED: Told = {
  migration: 'm-1',
  outcome: 'migrated',
  pending: [],
  by: 'migration',
  controller: CONTROLLER,
  target: 'beta',
  refused: false,
}

/** A guest that runs on alpha, and who looks at it. */
function seen({ fences = true, committed = false } = {}) {
  let time = 0
  const clock = { now: () => time, monotonic: () => time, schedule: () => () => {} }
  const world = createWorld({ clock })
  world.host('alpha').start('web1', { uuid: UUID })
  const oracle = createOracle({
    world,
    uuid: UUID,
    fences,
    isCommitted: () => committed,
    trace: createTrace(() => time),
  })
  oracle.look()
  const wait = (ms: number): void => {
    time += ms
  }
  const broken = (): string[] => oracle.breaches.map(({ invariant }) => invariant)
  return { world, oracle, wait, broken, source: guestOn(world, 'alpha') }
}

function guestOn(world: World, host: string) {
  const guest = world.host(host).guests.get('web1')
  if (!guest) throw new Error(`no guest on ${host}`)
  return guest
}

/** A whole copy at the target, as a migration leaves it before the commit. */
function arrive(world: World, marked = false) {
  const { memory } = guestOn(world, 'alpha')
  const shape = { pages: memory.pages, pageBytes: memory.pageBytes, dirtyPerSecond: 20 }
  const copy = { name: 'web1', uuid: UUID, state: 'incoming' as const, heldBy: 'm-1' }
  const guest = world.host('beta').place(copy, shape)
  guest.memory.loadRegisters(memory.registers)
  const file = { role: 'target', migration: 'm-1', domain: 'web1', epoch: 1, phase: 'ready', ended: null }
  world.host('beta').incoming.set('m-1', { ...file, guest, loaded: true, marked } as never)
  return guest
}

describe('the oracle tells', () => {
  test('that nothing is wrong where nothing is', () => {
    const { world, oracle, broken } = seen()
    oracle.look()
    checkTold({ ...MIGRATED, outcome: 'rolledBack' }, world, oracle)
    checkEnd([], world, oracle)
    expect(broken()).toEqual([])
  })

  test('I1: two copies that run', () => {
    const { world, oracle, broken } = seen()
    world.change(arrive(world), 'running')
    oracle.look()
    expect(broken()).toEqual(['I1'])
  })

  test.each([
    ['was told to run', true, false],
    ['may be told to run by the journal', false, true],
  ])('I3: a source that is run while the target %s', (_, marked, committed) => {
    const { world, oracle, broken, source } = seen({ committed })
    world.change(source, 'stopped')
    arrive(world, marked)
    oracle.look()
    world.change(source, 'running')
    oracle.look()
    expect(broken()).toEqual(['I3'])
  })

  test('I4: a guest that is nowhere, though its host lives', () => {
    const { world, oracle, broken, source } = seen()
    world.change(source, 'stopped')
    oracle.look()
    checkEnd([], world, oracle)
    expect(broken()).toContain('I4')
  })

  test('I4 not: a guest that died with its host', () => {
    const { world, oracle, broken, source } = seen()
    oracle.killed(source)
    world.host('alpha').crash()
    oracle.look()
    checkEnd([], world, oracle)
    expect(broken()).toEqual([])
  })

  test.each(['migrated', 'lost'] as const)(
    'I5: a user who is told %s of a guest that is where it was',
    (outcome) => {
      const { world, oracle, broken } = seen()
      checkTold({ ...MIGRATED, outcome }, world, oracle)
      expect(broken()).toEqual(['I5'])
    },
  )

  test('I5: a user who is told that it was rolled back, of a guest that has gone', () => {
    const { world, oracle, broken, source } = seen()
    world.change(source, 'stopped')
    world.change(arrive(world), 'running')
    oracle.look()
    checkTold({ ...MIGRATED, outcome: 'rolledBack' }, world, oracle)
    expect(broken()).toEqual(['I5'])
  })

  test('I6: a copy, a record or a hold that is left over', () => {
    const { world, oracle, broken, source } = seen()
    arrive(world)
    oracle.look()
    checkEnd([], world, oracle)
    expect(broken()).toEqual(['I6'])
    const another = seen()
    guestOn(another.world, 'alpha').heldBy = 'm-1'
    checkEnd([], another.world, another.oracle)
    expect(another.broken()).toEqual(['I6'])
    expect(source.state).toBe('running')
  })

  test('I7: a guest that is set back', () => {
    const { world, oracle, wait, broken, source } = seen()
    const copy = arrive(world)
    wait(1_000)
    world.change(source, 'stopped')
    oracle.look()
    world.change(copy, 'running')
    oracle.look()
    expect(broken()).toEqual(['I7'])
  })

  test('I9: a stale call that changes a host, where hosts fence', () => {
    const { world, oracle, broken, source } = seen()
    oracle.staleArrived(STALE)
    world.change(source, 'paused')
    oracle.look()
    expect(broken()).toEqual(['I9'])
    expect(oracle.excuse).toBeNull()
  })

  test('that nothing is promised any more after a stale call, where hosts do not fence', () => {
    const { world, oracle, broken, source } = seen({ fences: false })
    oracle.staleArrived(STALE)
    world.change(source, 'stopped')
    oracle.look()
    checkEnd([], world, oracle)
    expect(broken()).toEqual([])
    expect(oracle.excuse).toMatch(/abort of controller 1 with the old epoch 1/)
  })

  test('a change that is the work of the world, and not of the stale call that came at the same time', () => {
    const { world, oracle, broken, source } = seen()
    oracle.staleArrived(STALE)
    oracle.disturb(() => world.change(source, 'paused'))
    oracle.look()
    expect(broken()).toEqual([])
  })
})
