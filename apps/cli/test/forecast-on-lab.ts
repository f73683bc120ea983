import { once } from 'node:events'
import type { Forecast, Plan } from '@vmferry/core'
import { type Lab, openLab } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  type Ended,
  ferry,
  isWhole,
  leftOn,
  NOTHING,
  reportIn,
  startBeating,
  stopAll,
  vmferry,
  WHOLE,
} from './lab-guest.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterEach(async () => {
  await stopAll(lab)
  await lab.shapeLink(null)
})
afterAll(() => lab?.close())

/** 200 Mbps. */
const LINK = 25_000_000

function planIn({ last, stderr }: Ended): Plan & { readonly forecast: Forecast } {
  const plan = last as unknown as Plan
  if (last?.type !== 'plan' || plan.forecast === null) throw new Error(`there is no forecast: ${stderr}`)
  return { ...plan, forecast: plan.forecast }
}

const codes = ({ findings }: Plan): string[] => findings.map(({ code }) => code)

/** Everything of vmferry on both hosts. */
async function everywhere(): Promise<object> {
  return { alpha: await leftOn(lab.alpha), beta: await leftOn(lab.beta) }
}

/** Resolves once both hosts are as they were. What stood by for a command goes within a second. */
async function asBefore(before: object): Promise<void> {
  await expect.poll(everywhere, { timeout: 15_000, interval: 200 }).toEqual(before)
}

/** The ssh of a measurement, and what counts at its other end. */
async function measuring(): Promise<number> {
  const found = await Promise.all(
    [lab.alpha, lab.beta].flatMap((host) =>
      ['of=/dev/null', '/dev/zero'].map((word) => host.processes(word)),
    ),
  )
  return found.flat().length
}

// how long it took decides nothing: that is a matter of what else this machine does
test('the forecast over a link of 200 Mbps is within a factor of two of the bytes that the migration sends', async () => {
  await lab.shapeLink(LINK * 8)
  using watch = await startBeating(lab, {
    name: 'web1',
    memoryMiB: 256,
    fillMiB: 96,
    ringMiB: 16,
    pagesPerTick: 8,
  })
  const before = await everywhere()
  const plan = planIn(await ferry(lab, 'plan', ALPHA, 'web1', BETA, '--live'))
  const { forecast } = plan
  await asBefore(before)
  expect(await measuring()).toBe(0)
  expect(plan).toMatchObject({ possible: true, transport: 'ssh' })
  expect(codes(plan)).not.toContain('will-not-converge')
  expect(forecast).toMatchObject({ converges: true, totalIsAtLeast: false, unknown: [] })
  const { totalMs, linkBytesPerSecond } = forecast
  expect(linkBytesPerSecond).toBeLessThan(LINK * 2)
  // a machine with other work measures less than there is, but not this little
  expect(linkBytesPerSecond).toBeGreaterThan(LINK / 5)

  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')
  expect(code).toBe(0)
  const told = ((totalMs ?? 0) / 1000) * (linkBytesPerSecond ?? 0)
  const { bytes } = reportIn(last)
  expect(told).toBeGreaterThan(bytes / 2)
  expect(told).toBeLessThan(bytes * 2)
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('a guest that writes faster than the limit is told that it will not converge, and what would help', async () => {
  using watch = await startBeating(lab, { name: 'web1', ringMiB: 32, fillMiB: 16, pagesPerTick: 40 })
  const before = await everywhere()
  const limited = ['--live', '--bandwidth', '120']
  const plan = planIn(await ferry(lab, 'plan', ALPHA, 'web1', BETA, ...limited))
  await asBefore(before)
  console.log(plan.findings.find(({ code }) => code === 'will-not-converge')?.message, plan.forecast)
  expect(plan).toMatchObject({
    possible: true,
    forecast: { converges: false, totalMs: null, bytesPerSecond: 15_000_000 },
  })
  expect(plan.findings.find(({ code }) => code === 'will-not-converge')).toMatchObject({
    severity: 'warning',
    message: expect.stringMatching(/writes at least \d+ Mbps .* will not converge below \d+ Mbps/),
    remedy: expect.stringMatching(/--bandwidth, --auto-converge, --postcopy, a longer --max-downtime/),
  })
  const text = await lab.controller.exec(vmferry('plan', ALPHA, 'web1', BETA, ...limited))
  expect(text.stdout).toMatch(/^forecast: will not converge below \d+ Mbps; /m)
  const stopped = planIn(await ferry(lab, 'plan', ALPHA, 'web1', BETA, '--bandwidth', '120'))
  expect(codes(stopped)).not.toContain('will-not-converge')
  expect(stopped.forecast).toMatchObject({ dirtyBytesPerSecond: 0, silentMs: stopped.forecast.totalMs })
  const open = planIn(await ferry(lab, 'plan', ALPHA, 'web1', BETA, '--live', '--uri', 'tcp://beta'))
  expect(open.forecast).toMatchObject({ linkBytesPerSecond: null, totalMs: null, converges: null })
  expect(open.forecast.unknown).toEqual([expect.stringMatching(/tcp .* is not measured/)])
  await beatsOn(watch, lab.alpha)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('a plan that is interrupted while it measures leaves nothing on either host', async () => {
  await lab.shapeLink(1_000_000)
  using watch = await startBeating(lab, { name: 'web1' })
  const before = await everywhere()
  const child = lab.controller.spawn(vmferry('plan', ALPHA, 'web1', BETA, '--live'))
  const closed = once(child, 'close')
  await expect.poll(measuring, { timeout: 30_000, interval: 20 }).toBeGreaterThan(0)
  child.kill('SIGINT')
  expect((await closed)[0]).toBe(130)
  await asBefore(before)
  await expect.poll(measuring, { timeout: 15_000 }).toBe(0)
  await beatsOn(watch, lab.alpha)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  await stopAll(lab)
  expect(await leftOn(lab.beta)).toEqual(NOTHING)
})
