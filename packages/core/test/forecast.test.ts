import { expect, test } from 'vitest'
import { abortError, type Measurement, vmError } from '../src/driver/index.ts'
import { type Driver, isVmError, type MigrateOptions } from '../src/index.ts'
import { forecastOf } from '../src/migration/forecast.ts'
import { FAKE_CAPABILITIES, type FakeWorld, fakeDriver } from './fake-driver.ts'
import { ferried, rejection } from './ferried.ts'

const MEASURED: Measurement = {
  dirtyBytesPerSecond: 10_000_000,
  dirtyIsAtLeast: true,
  linkBytesPerSecond: 100_000_000,
  usedMemoryBytes: null,
  diskBytes: 0,
  maxDowntime: 300,
  unknown: [],
}
const LIVE = { live: true, bandwidth: 0, postCopy: false }
const OFFER = { memoryBytes: 4_000_000_000, runState: 'running' as const }

test('each pass carries what was written during the one before, until the rest fits the longest downtime', () => {
  // 40 s, 4 s, 0.4 s, then 0.04 s of silence
  expect(forecastOf(LIVE, OFFER, MEASURED)).toMatchObject({
    bytesPerSecond: 100_000_000,
    totalMs: 44_440,
    totalIsAtLeast: false,
    silentMs: null,
    converges: true,
    leastBytesPerSecond: 11_111_112,
  })
})

test('the bandwidth that was asked for counts where it is less than what the link carries', () => {
  const wish = { ...LIVE, bandwidth: 50_000_000 }
  expect(forecastOf(wish, OFFER, MEASURED)).toMatchObject({ bytesPerSecond: 50_000_000, converges: true })
  const wide = { ...LIVE, bandwidth: 500_000_000 }
  expect(forecastOf(wide, OFFER, MEASURED)).toMatchObject({ bytesPerSecond: 100_000_000 })
})

test('a guest that writes as fast as it is copied never ends, and the least rate at which it would is told', () => {
  const wish = { ...LIVE, bandwidth: 11_000_000 }
  const told = { converges: false, totalMs: null, totalIsAtLeast: false, leastBytesPerSecond: 11_111_112 }
  expect(forecastOf(wish, OFFER, MEASURED)).toMatchObject(told)
  expect(forecastOf({ ...wish, bandwidth: 11_111_112 }, OFFER, MEASURED)).toMatchObject({ converges: true })
})

test('a guest that fits the downtime as a whole converges however much it writes', () => {
  const busy = { ...MEASURED, dirtyBytesPerSecond: 1e9, maxDowntime: 50_000 }
  expect(forecastOf(LIVE, OFFER, busy)).toMatchObject({
    converges: true,
    totalMs: 40_000,
    leastBytesPerSecond: 80_000_000,
  })
})

test('a limit below what the guest writes is too little, whatever the link carries', () => {
  const unknown = { ...MEASURED, linkBytesPerSecond: null }
  expect(forecastOf({ ...LIVE, bandwidth: 5_000_000 }, OFFER, unknown)).toMatchObject({ converges: false })
})

test('what was not measured is not guessed: the time is a least one or none, and whether it converges is open', () => {
  const noLink = { ...MEASURED, linkBytesPerSecond: null }
  expect(forecastOf(LIVE, OFFER, noLink)).toMatchObject({
    bytesPerSecond: null,
    totalMs: null,
    converges: null,
    leastBytesPerSecond: 11_111_112,
  })
  expect(forecastOf({ ...LIVE, bandwidth: 100_000_000 }, OFFER, noLink)).toMatchObject({
    totalMs: 44_440,
    totalIsAtLeast: true,
    converges: null,
  })
  expect(forecastOf(LIVE, OFFER, { ...MEASURED, dirtyBytesPerSecond: null })).toMatchObject({
    totalMs: 40_000,
    totalIsAtLeast: true,
    converges: null,
    leastBytesPerSecond: null,
  })
})

test('a guest that is stopped for its copy stands still for all of it', () => {
  expect(forecastOf({ ...LIVE, live: false }, OFFER, MEASURED)).toMatchObject({
    totalMs: 40_000,
    silentMs: 40_000,
    converges: null,
    leastBytesPerSecond: null,
  })
})

test('a guest that is paused already writes nothing and misses nothing', () => {
  expect(forecastOf(LIVE, { ...OFFER, runState: 'paused' }, MEASURED)).toMatchObject({
    totalMs: 40_000,
    silentMs: null,
    converges: null,
  })
})

test('disks count in full, and memory only as far as it is used', () => {
  const measured = { ...MEASURED, dirtyBytesPerSecond: 0, diskBytes: 2e9, usedMemoryBytes: 1e9 }
  expect(forecastOf(LIVE, OFFER, measured)).toMatchObject({ totalMs: 30_000, converges: true })
})

test('post-copy carries once more what was written, at most everything', () => {
  const wish = { ...LIVE, postCopy: true, bandwidth: 10_000_000 }
  const smaller = { ...OFFER, memoryBytes: 100_000_000 }
  expect(forecastOf(wish, smaller, MEASURED)).toMatchObject({ converges: false, totalMs: 20_000 })
})

/** A driver that measures so. */
function measuring(measure: () => Promise<Measurement>, spoil: (world: FakeWorld) => void = () => {}) {
  return (world: FakeWorld): Driver => {
    spoil(world)
    const driver = fakeDriver(world, { ...FAKE_CAPABILITIES, postCopy: true })
    return {
      ...driver,
      connect: async (...words) => {
        const connection = await driver.connect(...words)
        return { ...connection, ...(connection.source && { source: { ...connection.source, measure } }) }
      },
    }
  }
}

async function planned(driver: (world: FakeWorld) => Driver, options: MigrateOptions = { live: true }) {
  const { web1, there } = await ferried(driver)
  return web1.plan(there, options)
}

test('a plan has the forecast as JSON data, and a warning where it will not converge', async () => {
  const plan = await planned(
    measuring(async () => ({ ...MEASURED, maxDowntime: 0.001 })),
    {
      live: true,
      bandwidth: 80,
    },
  )
  expect(plan).toMatchObject({ possible: true, forecast: { converges: false, bytesPerSecond: 10_000_000 } })
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  expect(plan.findings).toEqual([
    {
      severity: 'warning',
      code: 'will-not-converge',
      side: 'source',
      message: "'web1' writes at least 80 Mbps and the copy gets 80 Mbps: it will not converge below 89 Mbps",
      remedy:
        'what helps is a higher --bandwidth, --postcopy, a longer --max-downtime, a faster way, or a time at which the guest writes less',
    },
  ])
})

test('there is no warning where post-copy was asked for', async () => {
  const slow = { ...MEASURED, linkBytesPerSecond: 1_000_000, maxDowntime: 0.001 }
  const wishes = { live: true, postCopy: true } as const
  expect(
    (
      await planned(
        measuring(async () => slow),
        wishes,
      )
    ).findings,
  ).toEqual([])
})

test('a driver that measures nothing, and a plan with a blocker, have no forecast', async () => {
  expect((await planned(fakeDriver)).forecast).toBeNull()
  let asked = 0
  const blocked = measuring(
    async () => {
      asked += 1
      return MEASURED
    },
    (world) => {
      const blocker = { severity: 'blocker', code: 'memory', side: 'target', message: 'no room' } as const
      world.survey.target = { findings: [blocker] }
    },
  )
  expect(await planned(blocked)).toMatchObject({ possible: false, forecast: null })
  expect(asked).toBe(0)
})

test('a measurement that fails leaves a plan that says why it knows nothing', async () => {
  const plan = await planned(
    measuring(async () => {
      throw vmError('VM_CONNECTION', 'the monitor has gone')
    }),
  )
  expect(plan).toMatchObject({
    possible: true,
    forecast: {
      totalMs: null,
      converges: null,
      dirtyBytesPerSecond: null,
      unknown: ['the monitor has gone'],
    },
  })
})

test('a migration measures nothing', async () => {
  let asked = 0
  const { web1, there } = await ferried(
    measuring(async () => {
      asked += 1
      return MEASURED
    }),
  )
  await web1.migrate(there, { live: true })
  expect(asked).toBe(0)
})

test('a plan that is cancelled while it measures ends with that', async () => {
  const stop = new AbortController()
  const { web1, there } = await ferried((world) => {
    const driver = fakeDriver(world)
    return {
      ...driver,
      connect: async (...words) => {
        const connection = await driver.connect(...words)
        if (!connection.source) return connection
        const source: typeof connection.source = {
          ...connection.source,
          measure: async (_offer, _request, call) => {
            stop.abort('enough')
            throw abortError(call.signal, 'the measurement')
          },
        }
        return { ...connection, source }
      },
    }
  })
  const error = await rejection(web1.plan(there, { live: true, signal: stop.signal }))
  expect(isVmError(error, 'VM_ABORTED')).toBe(true)
})
