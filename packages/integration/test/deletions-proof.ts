import { CASES, runCases } from '@vmferry/conformance'
import { worldSetup } from '@vmferry/driver-test/conformance'
import { describe, expect, test } from 'vitest'
import { BROKEN_DRIVERS } from './broken/index.ts'
import { jumpingClock } from './fake-clock.ts'

/** Each case of the kit is deleted once: what it alone catches must then pass, or it was not needed. */
describe.each(CASES.map(({ id }) => id))('without %s', (id) => {
  const cases = CASES.filter((one) => one.id !== id)
  const caught = BROKEN_DRIVERS.filter(({ caughtBy }) => caughtBy.length === 1 && caughtBy[0] === id)

  test.each(caught.map((driver) => [driver.fault, driver] as const))(
    'a driver that %s passes',
    async (_, driver) => {
      const { failed } = await runCases(worldSetup(driver.make), { clock: jumpingClock(), cases })
      expect(failed).toBe(0)
    },
  )

  test('nothing else would catch it', () => {
    expect(caught).not.toEqual([])
  })
})
