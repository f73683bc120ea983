import type { Clock, Finding } from '../driver/index.ts'
import type { ConnectionEnd } from '../ferry/connection-end.ts'
import { type Ask, checkBothSides } from './check.ts'
import { callDriver } from './driver-call.ts'
import { convergenceFindings } from './forecast-finding.ts'
import type { Limits } from './limits.ts'
import { measured } from './measured.ts'
import { hostName, negotiate } from './negotiate.ts'
import type { MigrateOptions } from './options.ts'
import type { Plan } from './plan.ts'

/** Makes the plan: the checks of a migration, a forecast where nothing stands in its way, and nothing after them. */
export async function makePlan(
  domain: string,
  source: ConnectionEnd,
  target: ConnectionEnd,
  options: MigrateOptions,
  clock: Clock,
  limits: Limits,
): Promise<Plan> {
  const request = negotiate(options, source.current(), target.current())
  const ends = { source, target }
  const ask: Ask = (side, call) => {
    const host = hostName(ends[side].uri)
    const place = { phase: 'check' as const, host, limit: limits.check, grace: limits.grace }
    const loan = { migration: 'plan', epoch: 0, permit: async () => {} }
    return callDriver(clock, { ...place, ...(options.signal && { signal: options.signal }) }, loan, call)
  }
  const way = await checkBothSides(domain, request, source.current(), target.current(), ask)
  const { uri, capabilities, source: sender } = source.current()
  const forecast = await measured(way, sender, ask, options.signal)
  const findings = [
    ...way.findings,
    ...refused(way.refusal),
    ...(forecast ? convergenceFindings(domain, forecast, request, capabilities) : []),
  ]
  const blockers = findings.filter(({ severity }) => severity === 'blocker')
  return {
    source: request.source.uri.text,
    target: request.target.uri.text,
    domain,
    targetDomain: request.rename ?? domain,
    driver: uri.driver,
    possible: blockers.length === 0 && way.chosen !== null,
    transport: way.chosen?.request.transport ?? null,
    why: way.chosen?.why ?? null,
    memoryBytes: way.offer?.memoryBytes ?? null,
    forecast,
    findings: [...blockers, ...findings.filter(({ severity }) => severity !== 'blocker')],
  }
}

function refused(refusal: Error | null): Finding[] {
  if (!refusal) return []
  return [{ severity: 'blocker', code: 'no-transport', side: 'source', message: refusal.message }]
}
