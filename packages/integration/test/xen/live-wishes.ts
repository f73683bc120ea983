import { CASES } from '@vmferry/conformance'
import type { ConformanceSetup, DriverConnection } from '@vmferry/core/driver'
import { withConnect } from './with-connect.ts'

/** The cases of the kit in which a guest is on its way, but for those that say themselves whether it is to be live. */
export const LIVE_CASES = CASES.filter(({ id }) =>
  /^(phase|inspect|move|abort|recall|cancel|rename|uri|paused|refusal|claim\.(fences|newer))/.test(id),
)

/** The same setup, whose driver hears each wish as one for a live migration: the kit has most of its cases for others. */
export function liveWishes(setup: ConformanceSetup): ConformanceSetup {
  return withConnect(
    setup,
    (connect) => async (uri, context, call) => livelyOf(await connect(uri, context, call)),
  )
}

function livelyOf(connection: DriverConnection): DriverConnection {
  const { source, target } = connection
  return {
    ...connection,
    ...(source && {
      source: {
        ...source,
        check: (domain, request, call) => source.check(domain, { ...request, live: true }, call),
        begin: (offer, request, call) => source.begin(offer, { ...request, live: true }, call),
      },
    }),
    ...(target && {
      target: {
        ...target,
        check: (offer, request, call) => target.check(offer, { ...request, live: true }, call),
        prepare: (offer, request, call) => target.prepare(offer, { ...request, live: true }, call),
      },
    }),
  }
}
