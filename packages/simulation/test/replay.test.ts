import { expect, test } from 'vitest'
import { scenarioOf } from '../src/scenario.ts'
import { play, simulate } from '../src/simulate.ts'

const SEEDS = Array.from({ length: 1_000 }, (_, seed) => seed)

test('the same seed gives the same events', async () => {
  Error.stackTraceLimit = 0
  const hashes: string[] = []
  for (const seed of SEEDS) hashes.push((await simulate(seed)).hash)
  for (const seed of SEEDS.toReversed()) expect((await simulate(seed)).hash).toBe(hashes[seed])
  expect(new Set(hashes).size).toBe(SEEDS.length)
}, 120_000)

test('seeds do not disturb each other when they are played at once', async () => {
  const alone = await simulate(7)
  const together = await Promise.all([7, 8, 7, 9].map((seed) => simulate(seed)))
  expect(together.filter(({ hash }) => hash === alone.hash)).toHaveLength(2)
})

test('a scenario is plain data, and plays as it was drawn', async () => {
  const scenario = scenarioOf(11)
  const copied: unknown = JSON.parse(JSON.stringify(scenario))
  expect(copied).toEqual(scenario)
  expect((await play(copied as typeof scenario)).hash).toBe((await simulate(11)).hash)
})

test('without faults the guest is migrated, whatever the network does', async () => {
  for (const seed of SEEDS.slice(0, 50)) {
    const { trace, breaches } = await play({ ...scenarioOf(seed), faults: [] })
    expect(breaches).toEqual([])
    expect(trace.at(-1)).toMatch(/told by controller 1: migrated/)
  }
})
