import {
  createFerry,
  type Journal,
  type Migration,
  type MigrationComplete,
  memoryJournal,
} from '@vmferry/core'
import { createWorld, test as hypervisor, type World } from '@vmferry/driver-test'
import { expect, test } from 'vitest'
import { jumpingClock } from './fake-clock.ts'

/** A guest on alpha, its world, and a controller that is to take it to beta. */
async function ready(journal: Journal = memoryJournal()) {
  const world = createWorld({ clock: jumpingClock() })
  world.host('alpha').start('web1')
  const { here, there } = await controller(world, journal)
  return { world, there, web1: await here.domain('web1') }
}

async function controller(world: World, journal: Journal) {
  const ferry = createFerry({ drivers: [hypervisor({ world })], clock: world.clock, journal })
  return { here: await ferry.connect('test:///alpha'), there: await ferry.connect('test:///beta') }
}

async function endOf(migration: Migration): Promise<MigrationComplete | undefined> {
  await migration.done.catch(() => {})
  for await (const event of migration) if (event.type === 'migration-complete') return event
  return undefined
}

test('a guest that dies while it is copied is lost, and its host lets go of what is left', async () => {
  const { world, web1, there } = await ready()
  world.faults.add({ at: 'perform', kind: 'crash', when: 'during', side: 'source' })
  const end = await endOf(web1.migrate(there, { live: true }))
  expect(end).toMatchObject({ outcome: 'lost', report: { pending: [] } })
  expect(world.host('alpha').outgoing.size).toBe(0)
  expect(world.host('alpha').domain('web1')).toMatchObject({ state: 'failed', heldBy: null })
})

test('a target that could not be claimed again is claimed before its copy is ended, or what is late makes another', async () => {
  const { world, web1, there } = await ready()
  const migration = web1.migrate(there, { live: true })
  let before = 0
  for await (const event of migration) {
    if (event.type !== 'phase-start' || event.phase !== 'perform') continue
    before = world.host('beta').epochs.get('web1') ?? 0
    world.faults.add({ at: 'perform', kind: 'fail', when: 'during' })
    world.faults.add({ at: 'claim', host: 'beta', kind: 'lose-request', times: 2 })
  }
  expect(await endOf(migration)).toMatchObject({ outcome: 'rolledBack', report: { pending: [] } })
  expect(before).toBeGreaterThan(0)
  expect(world.host('beta').epochs.get('web1')).toBeGreaterThan(before)
})

test('a target that answers a second finish is in charge, also when somebody has paused the guest since', async () => {
  const { world, web1, there } = await ready()
  world.faults.add({ at: 'finish', kind: 'hang', when: 'after' })
  const migration = web1.migrate(there, { live: true, limits: { finish: 5_000 } })
  world.clock.schedule(4_000, () => world.host('beta').pause('web1'))
  expect(await endOf(migration)).toMatchObject({ outcome: 'migrated' })
  expect(world.host('beta').domain('web1')).toMatchObject({ state: 'paused', heldBy: null })
  expect(world.host('alpha').domain('web1')).toBeNull()
})

test('a guest that was rolled back and then paused is not run at the target by one who knows the record there alone', async () => {
  const { world, web1, there } = await ready()
  world.faults.add({ at: 'hand-over', kind: 'fail' })
  world.faults.add({ at: 'abort', side: 'target', kind: 'fail' })
  const end = await endOf(web1.migrate(there))
  expect(end).toMatchObject({ outcome: 'rolledBack', report: { pending: [{ side: 'target' }] } })
  world.host('alpha').pause('web1')

  const other = await controller(world, memoryJournal())
  expect(await other.there.recover()).toMatchObject([{ outcome: 'rolledBack', pending: [] }])
  expect(world.host('alpha').domain('web1')).toMatchObject({ state: 'paused', heldBy: null })
  expect(world.host('beta').domain('web1')).toBeNull()
})

test('a source that dies while it is brought back is in doubt until the target, which may have everything, has been asked', async () => {
  const journal = memoryJournal()
  const { world, web1, there } = await ready(journal)
  world.faults.add({ at: 'hand-over', kind: 'hang' })
  world.faults.add({ at: 'abort', side: 'source', kind: 'crash' })
  const migration = web1.migrate(there, { live: true, limits: { handOver: 90_000, settle: 5_000 } })
  world.clock.schedule(60_000, () => {
    world.host('beta').reachable = false
  })
  expect(await endOf(migration)).toMatchObject({
    outcome: 'inDoubt',
    report: { pending: [{ side: 'target' }] },
  })

  world.host('beta').reachable = true
  const ferry = createFerry({ drivers: [hypervisor({ world })], clock: world.clock, journal })
  // the host has let go, so nobody knows any more whether the guest has run there since: the target's copy is not run
  expect(await ferry.recover()).toMatchObject([{ outcome: 'lost', pending: [] }])
  expect(world.host('beta').domain('web1')).toBeNull()
})

test('a controller that is superseded while it cleans up says so, and nothing of what it cannot know', async () => {
  const { world, web1, there } = await ready()
  world.faults.add({ at: 'hand-over', kind: 'fail' })
  world.faults.add({ at: 'abort', side: 'target', kind: 'hang' })
  const migration = web1.migrate(there, { live: true })
  for await (const event of migration)
    if (event.type === 'phase-start' && event.phase === 'abort') {
      const other = await controller(world, memoryJournal())
      expect(await other.there.recover()).toMatchObject([{ outcome: 'migrated' }])
    }
  await expect(migration.done).rejects.toMatchObject({ code: 'VM_STALE', outcome: 'inDoubt' })
  expect(world.running(web1.uuid ?? '')).toEqual(['beta'])
})

test('a copy that is left at the target is never run once the source had the guest back and lost it', async () => {
  const { world, web1, there } = await ready()
  world.faults.add({ at: 'hand-over', kind: 'fail' })
  world.faults.add({ at: 'abort', side: 'target', kind: 'fail' })
  const end = await endOf(web1.migrate(there, { live: true }))
  expect(end).toMatchObject({ outcome: 'rolledBack', report: { pending: [{ side: 'target' }] } })
  world.host('alpha').crash('web1')

  const other = await controller(world, memoryJournal())
  expect(await other.there.recover()).toMatchObject([{ outcome: 'lost', pending: [] }])
  expect(world.host('beta').domain('web1')).toBeNull()
})

test('a commit that the journal does not take is none: the guest goes back, and the target was never told to run', async () => {
  const kept = memoryJournal()
  const append: Journal['append'] = async (entry) => {
    if (entry.step === 'committing') throw new Error('ENOSPC: no space left on device, write')
    await kept.append(entry)
  }
  const { world, web1, there } = await ready({ ...kept, append })
  const end = await endOf(web1.migrate(there, { live: true }))
  expect(end).toMatchObject({ outcome: 'rolledBack', report: { pending: [] } })
  expect(world.running(web1.uuid ?? '')).toEqual(['alpha'])
  expect(world.host('beta').domain('web1')).toBeNull()
})

test('a guest that was given back, and that another controller has moved before anybody looked, is not told as a loss', async () => {
  const { world, web1, there } = await ready()
  world.faults.add({ at: 'hand-over', kind: 'fail' })
  world.faults.add({ at: 'abort', side: 'source', kind: 'hang', when: 'after' })
  const end = endOf(web1.migrate(there, { live: true, limits: { abort: 30_000 } }))
  const other = createFerry({ drivers: [hypervisor({ world })], clock: world.clock })
  const [here, gamma] = [await other.connect('test:///alpha'), await other.connect('test:///gamma')]
  const moved = new Promise((resolve, reject) => {
    world.clock.schedule(10_000, () => {
      here
        .domain('web1')
        .then(async (domain) => domain.migrate(gamma, { live: true }))
        .then(resolve, reject)
    })
  })
  await moved
  expect(await end).toMatchObject({ outcome: 'rolledBack', report: { pending: [] } })
  expect(world.running(web1.uuid ?? '')).toEqual(['gamma'])
})
