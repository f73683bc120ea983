import { createFerry, isVmError, type MigrationComplete, PHASES } from '@vmferry/core'
import {
  createWorld,
  type Fault,
  type FaultKind,
  type FaultPoint,
  type FaultWhen,
  test as hypervisor,
} from '@vmferry/driver-test'
import { expect, test } from 'vitest'
import { fakeClock } from '../../driver-test/test/fake-clock.ts'

/** `drain` happens only in post-copy, which the test hypervisor has not. */
const POINTS: readonly FaultPoint[] = PHASES.filter((phase) => phase !== 'drain')
const KINDS: readonly [FaultKind, FaultWhen][] = [
  ['fail', 'before'],
  ['fail', 'during'],
  ['fail', 'after'],
  ['hang', 'before'],
  ['hang', 'during'],
  ['hang', 'after'],
  ['lose-request', 'before'],
  ['lose-answer', 'after'],
  ['garbage', 'after'],
  ['duplicate', 'before'],
  ['late', 'before'],
  ['crash', 'before'],
  ['crash', 'during'],
  ['crash', 'after'],
]
const SIDES = ['source', 'target'] as const

/** Phases that each side has. */
const ROLE: Partial<Record<FaultPoint, (typeof SIDES)[number]>> = {
  begin: 'source',
  perform: 'source',
  'hand-over': 'source',
  confirm: 'source',
  prepare: 'target',
  ready: 'target',
  finish: 'target',
}

const CELLS: readonly Fault[] = POINTS.flatMap((at) =>
  KINDS.flatMap(([kind, when]) =>
    SIDES.filter((side) => !ROLE[at] || ROLE[at] === side).flatMap((side) =>
      [1, Number.POSITIVE_INFINITY].map((times): Fault => ({ at, kind, when, side, times })),
    ),
  ),
)

const outcomes = new Set<string>()

test.each(CELLS)('exactly one copy runs after $kind $when $at on the $side, $times times', async (fault) => {
  const clock = fakeClock()
  const world = createWorld()
  const ferry = createFerry({ drivers: [hypervisor({ world })], clock })
  const here = await ferry.connect('test:///default')
  const there = await ferry.connect('test:///beta')
  const web1 = await here.domain('web1')
  const uuid = web1.uuid ?? ''
  world.faults.add(fault)

  const migration = web1.migrate(there, { live: true, limits: { settle: 20_000 } })
  const error: unknown = await clock.until(
    migration.done.then(
      () => null,
      (reason: unknown) => reason,
    ),
  )
  let end: MigrationComplete | undefined
  for await (const event of migration) if (event.type === 'migration-complete') end = event

  expect(world.violations).toEqual([])
  const crash = fault.kind === 'crash'
  const running = world.running(uuid)
  if (end) outcomes.add(end.outcome)
  switch (end?.outcome) {
    case 'migrated':
      expect(error).toBeNull()
      // a guest that crashes once it runs there has been migrated
      expect(running).toEqual(crash && fault.at === 'finish' && fault.when === 'after' ? [] : ['beta'])
      break
    case 'rolledBack':
      expect(isVmError(error)).toBe(true)
      // a guest that crashes before anything has begun is left as it is
      expect(running).toEqual(crash && fault.at === 'check' && fault.side === 'source' ? [] : ['default'])
      break
    case 'inDoubt':
      expect(isVmError(error)).toBe(true)
      expect(running.length).toBeLessThanOrEqual(1)
      expect(running).not.toContain('default')
      break
    case 'lost':
      expect(running).toEqual([])
      expect(fault.kind).toBe('crash')
      break
    case undefined:
      expect.unreachable('the migration ended without its last event')
  }
  // what was late lands when all seems over
  await clock.advance(60_000)
  expect(world.violations).toEqual([])
})

test('the cells lead to all four outcomes, or the table proves less than it says', () => {
  expect([...outcomes].toSorted()).toEqual(['inDoubt', 'lost', 'migrated', 'rolledBack'])
})
