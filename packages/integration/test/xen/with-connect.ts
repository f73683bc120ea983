import type { ConformanceSetup, Driver } from '@vmferry/core/driver'

/** The same setup, whose driver connects as `wrap` makes of its own way. */
export function withConnect(
  setup: ConformanceSetup,
  wrap: (connect: Driver['connect']) => Driver['connect'],
): ConformanceSetup {
  return {
    ...setup,
    async stage(loan) {
      const stage = await setup.stage(loan)
      return stage && { ...stage, driver: { ...stage.driver, connect: wrap(stage.driver.connect) } }
    },
  }
}
