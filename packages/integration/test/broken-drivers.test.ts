import { CASES, runCases } from '@vmferry/conformance'
import { worldSetup } from '@vmferry/driver-test/conformance'
import { describe, expect, test } from 'vitest'
import { BROKEN_DRIVERS } from './broken/index.ts'
import { jumpingClock } from './fake-clock.ts'

describe('the kit over broken drivers', () => {
  test.each(BROKEN_DRIVERS.map((driver) => [driver.fault, driver] as const))(
    'catches a driver that %s',
    async (_, { make, caughtBy }) => {
      const { results } = await runCases(worldSetup(make), { clock: jumpingClock() })
      const failed = results.filter(({ status }) => status === 'failed')
      const reasons = failed.map(({ id, because }) => `${id}: ${because}`).join('\n')
      expect({ caughtBy: failed.map(({ id }) => id).toSorted(), reasons }).toEqual({
        caughtBy: caughtBy.toSorted(),
        reasons: expect.any(String),
      })
    },
  )

  test('has a driver for each case that this case alone catches', () => {
    const alone = new Set(BROKEN_DRIVERS.flatMap(({ caughtBy }) => (caughtBy.length === 1 ? caughtBy : [])))
    expect(CASES.map(({ id }) => id).filter((id) => !alone.has(id))).toEqual([])
  })
})
