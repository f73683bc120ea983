import { createFerry } from '@vmferry/core'
import { expect, test } from 'vitest'
import { createWorld, test as testDriver } from '../src/index.ts'

const MIB = 1024 ** 2

/** A plan of web1 over a link, with pages of a quarter MiB written so often a second. */
async function planned(
  link: number,
  dirtyPerSecond: number,
  options: { live?: boolean; bandwidth?: number } = { live: true },
) {
  const world = createWorld({ linkBytesPerSecond: link })
  const ferry = createFerry({ drivers: [testDriver({ world })] })
  const here = await ferry.connect('test:///default')
  const there = await ferry.connect('test:///beta')
  world.host('default').setDirtyRate('web1', dirtyPerSecond)
  const plan = await (await here.domain('web1')).plan(there, options)
  await ferry.close()
  return { plan, world }
}

test('the forecast has the exact rates of guest and link', async () => {
  const { plan, world } = await planned(32 * MIB, 32)
  expect(plan.forecast).toMatchObject({
    dirtyBytesPerSecond: 8 * MIB,
    dirtyIsAtLeast: false,
    linkBytesPerSecond: 32 * MIB,
    // 2 s, 0.5 s, 0.125 s
    totalMs: 2625,
    totalIsAtLeast: false,
    converges: true,
    unknown: [],
  })
  expect(plan.findings).toEqual([])
  expect(world.host('default').domain('web1')).toMatchObject({ state: 'running', heldBy: null })
})

test('a guest that writes faster than the link carries is told so before anything moves', async () => {
  const { plan } = await planned(8 * MIB, 40)
  expect(plan).toMatchObject({ possible: true, forecast: { converges: false, totalMs: null } })
  expect(plan.findings).toMatchObject([{ severity: 'warning', code: 'will-not-converge' }])
})

test('a guest that is stopped first stands still for the whole time', async () => {
  const { plan } = await planned(32 * MIB, 40, {})
  expect(plan.forecast).toMatchObject({ dirtyBytesPerSecond: 0, totalMs: 2000, silentMs: 2000 })
})

test('a link without bound is not known, and a limit is all that counts', async () => {
  const { plan } = await planned(Number.POSITIVE_INFINITY, 0, { live: true, bandwidth: 80 })
  expect(plan.forecast).toMatchObject({
    linkBytesPerSecond: null,
    bytesPerSecond: 10_000_000,
    totalIsAtLeast: true,
    unknown: ['what the link carries is not known'],
  })
})
