import { systemClock } from '@vmferry/core'
import type { Clock, ConformanceSetup } from '@vmferry/core/driver'
import { withConnect } from './with-connect.ts'

/** A clock by which all takes so many times less: whoever waits by it waits so many times longer. */
export function patientClock(clock: Clock, factor: number): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() / factor,
    schedule: (ms, callback) => clock.schedule(ms * factor, callback),
  }
}

/** The same setup, whose driver lives in the system's time: it has processes on hosts that wait for its signs of life. */
export function inTrueTime(setup: ConformanceSetup): ConformanceSetup {
  return withConnect(
    setup,
    (connect) => (uri, context, call) => connect(uri, { ...context, clock: systemClock }, call),
  )
}
