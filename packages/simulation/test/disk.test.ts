import type { JournalStep } from '@vmferry/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createController } from '../src/controller.ts'
import { diskJournal, losePower } from '../src/disk.ts'
import { createMachine } from '../src/machine.ts'
import { createScheduler } from '../src/scheduler.ts'
import { seededRandom } from '../src/seeded-random.ts'

const ENTRY = { migration: 'm-1', at: '2026-01-01T00:00:00.000Z', domain: 'web1' }
const STEPS: readonly JournalStep[] = ['begin', 'prepare', 'perform', 'committing', 'finish', 'settled']

test('what a controller was told to be kept is kept, whenever it crashes and whatever the disk loses', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0 }), fc.nat({ max: 14 }), async (seed, crashAt) => {
      const random = seededRandom(seed, 1)
      const scheduler = createScheduler(random)
      const machine = createMachine('machine 1')
      const first = createController('controller 1', machine, scheduler, () => {})
      const kept: string[] = []
      const write = async (): Promise<void> => {
        const journal = diskJournal(first)
        for (const step of STEPS) {
          await journal.append({ ...ENTRY, step })
          kept.push(step)
        }
      }
      void write()
      scheduler.after(crashAt, () => first.crash())
      await scheduler.run(1_000, () => true)
      losePower(machine.disk, random)

      const second = createController('controller 2', machine, scheduler, () => {})
      const journal = diskJournal(second)
      const found = (await journal.entries()).map(({ step }) => step)
      expect(found.slice(0, kept.length)).toEqual(kept)
      expect(found.length).toBeLessThanOrEqual(kept.length + 1)

      void journal.append({ ...ENTRY, step: 'abort' })
      await scheduler.run(2_000, () => true)
      expect((await journal.entries()).map(({ step }) => step)).toEqual([...found, 'abort'])
    }),
    { numRuns: 300 },
  )
})

test('nobody writes a migration that a living controller writes, frozen or not', async () => {
  const scheduler = createScheduler(seededRandom(1, 1))
  const machine = createMachine('machine 1')
  const first = createController('controller 1', machine, scheduler, () => {})
  const second = createController('controller 2', machine, scheduler, () => {})
  void diskJournal(first).append({ ...ENTRY, step: 'begin' })
  await scheduler.run(1_000, () => true)
  first.freeze()
  const append = (): Promise<void> => diskJournal(second).append({ ...ENTRY, step: 'abort' })
  await expect(append()).rejects.toMatchObject({ code: 'VM_BUSY' })
  first.crash()
  const again = append()
  await scheduler.run(2_000, () => true)
  await expect(again).resolves.toBeUndefined()
})

test('a full disk takes nothing', async () => {
  const scheduler = createScheduler(seededRandom(1, 1))
  const machine = createMachine('machine 1')
  machine.disk.full = true
  const journal = diskJournal(createController('controller 1', machine, scheduler, () => {}))
  await expect(journal.append({ ...ENTRY, step: 'begin' })).rejects.toMatchObject({ code: 'VM_PHASE_FAILED' })
  expect(await journal.entries()).toEqual([])
})
