import {
  createFerry,
  type Journal,
  type JournalEntry,
  memoryJournal,
  type Random,
  systemRandom,
} from '@vmferry/core'
import { createWorld, test as hypervisor, type World } from '@vmferry/driver-test'
import { describe, expect, test } from 'vitest'
import { jumpingClock } from './fake-clock.ts'

const UUID = '7e570000-0000-4000-8000-000000000001'
const STEPS = ['claim', 'prepare', 'committing', 'settled'] as const

/** A journal whose controller stops at a step: before it is written down, or after. `wake` lets it go on. */
function freezing(kept: Journal, step: string, when: 'before' | 'after') {
  let wake = (): void => {}
  let tell = (): void => {}
  const frozen = new Promise<void>((resolve) => {
    tell = resolve
  })
  const asleep = new Promise<void>((resolve) => {
    wake = resolve
  })
  const journal: Journal = {
    entries: () => kept.entries(),
    async append(entry: JournalEntry) {
      if (when === 'after' || entry.step !== step) await kept.append(entry)
      if (entry.step !== step) return
      tell()
      await asleep
    },
  }
  return { journal, frozen, wake }
}

/** A controller, and the guest that it knows. */
function controller(world: World, journal: Journal, random: Random = systemRandom) {
  const clock = world.clock
  return createFerry({ drivers: [hypervisor({ world })], journal, clock, random })
}

/** Everything that is on file or held on a host. */
function leftOn(world: World, name: string): string[] {
  const { outgoing, incoming, guests } = world.host(name)
  const waiting = [...guests.values()].filter(({ state }) => state === 'incoming' || state === 'stopped')
  const arriving = [...incoming.values()].filter(({ guest }) => guest?.state !== 'running')
  return [
    ...[...outgoing.keys()].map((id) => `outgoing ${id}`),
    ...arriving.map(({ migration }) => `incoming ${migration}`),
    ...waiting.map((guest) => `${guest.name} ${guest.state}`),
  ]
}

async function frozenAt(step: string, when: 'before' | 'after') {
  const world = createWorld({ clock: jumpingClock() })
  world.host('alpha').start('web1', { uuid: UUID })
  const kept = memoryJournal()
  const freezer = freezing(kept, step, when)
  const first = controller(world, freezer.journal)
  const here = await first.connect('test:///alpha')
  const there = await first.connect('test:///beta')
  const migration = (await here.domain('web1')).migrate(there, { live: true })
  await freezer.frozen
  return { world, kept, migration, wake: freezer.wake }
}

describe.each(STEPS)('a controller that is lost at %s', (step) => {
  describe.each(['before', 'after'] as const)('%s it is written down', (when) => {
    test('is followed by one that recovers from its journal, and does no harm when it wakes', async () => {
      const { world, kept, migration, wake } = await frozenAt(step, when)
      const second = controller(world, kept)
      const recovered = await second.recover()
      for (const { outcome, pending } of recovered) {
        expect(outcome).toBe(world.running(UUID)[0] === 'beta' ? 'migrated' : 'rolledBack')
        expect(pending).toEqual([])
      }
      expect(await second.recover()).toEqual([])
      const where = world.running(UUID)
      expect(where).toHaveLength(1)
      for (const name of ['alpha', 'beta']) expect(leftOn(world, name)).toEqual([])

      wake()
      await migration.done.catch(() => {})
      expect(world.violations).toEqual([])
      expect(world.running(UUID)).toHaveLength(1)
      // before its claim it had nothing that could be taken over: it begins like any other
      if (step !== 'claim') expect(world.running(UUID)).toEqual(where)
    })

    test('is followed by one that knows of it from a host alone', async () => {
      const { world, migration, wake } = await frozenAt(step, when)
      const second = controller(world, memoryJournal())
      for (const name of ['alpha', 'beta']) {
        const connection = await second.connect(`test:///${name}`)
        for (const { pending } of await connection.recover()) expect(pending).toEqual([])
      }
      expect(world.running(UUID)).toHaveLength(1)
      for (const name of ['alpha', 'beta']) expect(leftOn(world, name)).toEqual([])
      wake()
      await migration.done.catch(() => {})
      expect(world.violations).toEqual([])
      expect(world.running(UUID)).toHaveLength(1)
    })
  })
})

test('a recovery that knew the migration from a host alone, and was lost too, is followed by one from its journal', async () => {
  const { world } = await frozenAt('committing', 'after')
  const kept = memoryJournal()
  const second = freezing(kept, 'abort', 'before')
  const there = await controller(world, second.journal).connect('test:///beta')
  there.recover().catch(() => {})
  await second.frozen

  expect(await controller(world, kept).recover()).toMatchObject([{ outcome: 'migrated', pending: [] }])
  expect(world.running(UUID)).toEqual(['beta'])
  for (const name of ['alpha', 'beta']) expect(leftOn(world, name)).toEqual([])
})

test.each([
  ['lower', 0, 255],
  ['higher', 255, 0],
])(
  'a controller with a %s mark that wakes does not take back what another has taken over',
  async (_, first, second) => {
    const always = (byte: number): Random => ({ bytes: (length) => new Uint8Array(length).fill(byte) })
    const world = createWorld({ clock: jumpingClock() })
    world.host('alpha').start('web1', { uuid: UUID })
    const { journal, frozen, wake } = freezing(memoryJournal(), 'abort', 'before')
    const one = controller(world, journal, always(first))
    const [here, there] = [await one.connect('test:///alpha'), await one.connect('test:///beta')]
    world.faults.add({ at: 'hand-over', kind: 'fail' })
    const migration = (await here.domain('web1')).migrate(there, { live: true })
    await frozen

    // the other one goes forward, and leaves the stopped copy at the source
    world.faults.add({ at: 'confirm', kind: 'fail' })
    const other = await controller(world, memoryJournal(), always(second)).connect('test:///beta')
    expect(await other.recover()).toMatchObject([{ outcome: 'migrated', pending: [{ side: 'source' }] }])
    wake()
    await expect(migration.done).rejects.toMatchObject({ code: 'VM_STALE', outcome: 'inDoubt' })
    expect(world.running(UUID)).toEqual(['beta'])
  },
)

test('a migration that never took hold of a guest, which another has moved since, is not told as a loss', async () => {
  const { world, kept } = await frozenAt('claim', 'after')
  const other = controller(world, memoryJournal())
  const [here, gamma] = [await other.connect('test:///alpha'), await other.connect('test:///gamma')]
  await (await here.domain('web1')).migrate(gamma, { live: true })
  expect(await controller(world, kept).recover()).toMatchObject([{ outcome: 'rolledBack', pending: [] }])
  expect(world.running(UUID)).toEqual(['gamma'])
})

test('a journal without a commit does not undo that of a controller that had none of it', async () => {
  const { world, kept } = await frozenAt('committing', 'before')
  world.faults.add({ at: 'confirm', kind: 'fail' })
  const other = await controller(world, memoryJournal()).connect('test:///beta')
  expect(await other.recover()).toMatchObject([{ outcome: 'migrated', pending: [{ side: 'source' }] }])

  expect(await controller(world, kept).recover()).toMatchObject([{ outcome: 'migrated', pending: [] }])
  expect(world.running(UUID)).toEqual(['beta'])
  expect(leftOn(world, 'alpha')).toEqual([])
})

test('who gives up a target that died after it was told to run gets the source back, and nothing is left there', async () => {
  const world = createWorld({ clock: jumpingClock() })
  world.host('alpha').start('web1', { uuid: UUID })
  const kept = memoryJournal()
  const first = controller(world, kept)
  const [here, there] = [await first.connect('test:///alpha'), await first.connect('test:///beta')]
  world.faults.add({ at: 'finish', when: 'during', kind: 'crash' })
  const lost = (await here.domain('web1')).migrate(there, { live: true })
  await expect(lost.done).rejects.toMatchObject({ outcome: 'inDoubt' })

  const second = controller(world, kept)
  expect(await second.recover()).toMatchObject([{ outcome: 'inDoubt' }])
  const options = { reviveSource: true }
  expect(await second.recover(undefined, options)).toMatchObject([{ outcome: 'rolledBack', pending: [] }])
  expect(world.running(UUID)).toEqual(['alpha'])
  for (const name of ['alpha', 'beta']) expect(leftOn(world, name)).toEqual([])
})
