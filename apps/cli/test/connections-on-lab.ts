import { type Lab, type LabHost, openLab } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  ferry,
  interrupted,
  isWhole,
  leftOn,
  NOTHING,
  reportIn,
  startBeating,
  stop,
  stopAll,
  untilNothingOn,
  WHOLE,
} from './lab-guest.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterEach(() => stopAll(lab))
afterAll(() => lab?.close())

const WAYS = ['ssh://beta', 'relay:///', 'tcp://beta'].flatMap((uri) =>
  [1, 4].map((count) => [uri, count] as const),
)

test.each(WAYS)('a guest moves by %s over %i connections, whole', async (uri, connections) => {
  using watch = await startBeating(lab, { name: 'web1' })
  const options = ['--live', '--uri', uri, '--connections', String(connections)]
  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...options)
  expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  // and back by the plain stream: nothing that was set for the first way is left
  expect((await ferry(lab, 'migrate', BETA, 'web1', ALPHA, '--live')).code).toBe(0)
  await beatsOn(watch, lab.alpha)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  await stop(lab, ALPHA, 'web1')
  expect([await untilNothingOn(lab.alpha), await untilNothingOn(lab.beta)]).toEqual([NOTHING, NOTHING])
})

test('four connections together obey one limit, within 15 %', async () => {
  using watch = await startBeating(lab, { name: 'web1', memoryMiB: 192, fillMiB: 128, pagesPerTick: 0 })
  const sent = async () => {
    const { stdout } = await lab.beta.exec(['cat', '/proc/net/dev'])
    return Number(/^\s*data:\s*(\d+)/m.exec(stdout)?.[1])
  }
  const before = await sent()
  const options = ['--live', '--uri', 'tcp://beta', '--connections', '4', '--bandwidth', '200']
  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...options)
  expect(code).toBe(0)
  const { bytesPerSecond, bytes } = reportIn(last)
  expect(bytesPerSecond / 25_000_000).toBeGreaterThan(0.85)
  expect(bytesPerSecond / 25_000_000).toBeLessThan(1.15)
  // what all of them carried is in the figures
  const onTheWire = (await sent()) - before
  expect(onTheWire / bytes).toBeGreaterThan(0.98)
  expect(onTheWire / bytes).toBeLessThan(1.05)
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('a cancelled copy over four connections leaves the guest as it was, and nothing at the target', async () => {
  using watch = await startBeating(lab, { name: 'web1' })
  const options = ['--live', '--uri', 'tcp://beta', '--connections', '4', '--bandwidth', '40']
  let counted = 0
  const { code, last } = await interrupted(lab, ['migrate', ALPHA, 'web1', BETA, ...options], async () => {
    counted = await connectionsTo(lab.beta)
  })
  expect({ code, last }).toMatchObject({ code: 130, last: { outcome: 'rolledBack' } })
  // the main one and four for pages
  expect(counted).toBe(5)
  expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
  expect((await leftOn(lab.alpha)).files.filter((file) => /outgoing|tunnel/.test(file))).toEqual([])
  await beatsOn(watch, lab.alpha)
  const report = watch.report()
  expect([isWhole(report), report.handOvers]).toEqual([WHOLE, []])

  // it can still go by the plain stream
  expect((await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')).code).toBe(0)
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

/** How many connections come in over the data network, as the kernel counts them. */
async function connectionsTo(host: LabHost): Promise<number> {
  const { stdout } = await host.exec(['cat', '/proc/net/tcp'])
  // field 3 is the address of the other end, field 4 the state: 01 is established
  return stdout
    .split('\n')
    .filter((line) => line.split(/\s+/)[3]?.startsWith('01004D0A') && / 01 /.test(line)).length
}
