import { test as hypervisor } from '@vmferry/driver-test'
import { expect, test } from 'vitest'
import type { DriverMaker } from '../src/deployment.ts'
import { failureLines } from '../src/failure-lines.ts'
import { shrink } from '../src/shrink.ts'
import { play, type SeedResult, simulate } from '../src/simulate.ts'

/** Says that the host compares epochs, and does not. */
const unfenced: DriverMaker = (world) => {
  const honest = hypervisor({ world, fencing: 'none' })
  return { ...honest, capabilities: { ...honest.capabilities, fencing: 'host' } }
}

async function firstFailure(): Promise<SeedResult> {
  for (let seed = 0; seed < 2_000; seed += 1) {
    const result = await simulate(seed, { fencing: 'host', driver: unfenced })
    if (result.breaches.length > 0 && result.scenario.faults.length > 1) return result
  }
  throw new Error('no seed finds a host that does not fence')
}

test('a driver that says that its hosts fence, and lies, is found, and only the faults that it takes are left', async () => {
  const failed = await firstFailure()
  const shrunk = await shrink(failed, unfenced)
  const { faults } = shrunk.scenario
  expect(shrunk.breaches[0]?.invariant).toBe(failed.breaches[0]?.invariant)
  expect(faults.length).toBeGreaterThan(0)
  for (const fault of faults) {
    const without = { ...shrunk.scenario, faults: faults.filter((one) => one !== fault) }
    const result = await play(without, unfenced)
    expect(result.breaches[0]?.invariant).not.toBe(failed.breaches[0]?.invariant)
  }
})

test('a failure is told with its seed, its faults, its last events, and how to see it again', async () => {
  const failed = await firstFailure()
  const lines = failureLines(failed, await shrink(failed, unfenced), 'abc1234')
  const { seed } = failed.scenario
  expect(lines[0]).toBe(`seed ${seed}, fencing host, commit abc1234`)
  expect(lines.at(-1)).toBe(`again: vmferry-simulate --seed ${seed} --fencing host --trace`)
  expect(lines.length).toBeLessThanOrEqual(40 + 5 + failed.scenario.faults.length)
})
