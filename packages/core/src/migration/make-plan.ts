import type { Clock, Finding } from '../driver/index.ts'
import type { ConnectionEnd } from '../ferry/connection-end.ts'
import { checkBothSides } from './check.ts'
import { callDriver } from './driver-call.ts'
import type { Limits } from './limits.ts'
import { hostName, negotiate } from './negotiate.ts'
import type { MigrateOptions } from './options.ts'
import type { Plan } from './plan.ts'

/** Makes the plan: the checks of a migration, and nothing after them. */
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
  const way = await checkBothSides(domain, request, source.current(), target.current(), (side, call) => {
    const host = hostName(ends[side].uri)
    const place = { phase: 'check' as const, host, limit: limits.check, grace: limits.grace }
    const loan = { migration: 'plan', epoch: 0, permit: async () => {} }
    return callDriver(clock, { ...place, ...(options.signal && { signal: options.signal }) }, loan, call)
  })
  const findings = [...way.findings, ...refused(way.refusal)]
  const blockers = findings.filter(({ severity }) => severity === 'blocker')
  return {
    source: request.source.uri.text,
    target: request.target.uri.text,
    domain,
    targetDomain: request.rename ?? domain,
    driver: source.uri.driver,
    possible: blockers.length === 0 && way.chosen !== null,
    transport: way.chosen?.request.transport ?? null,
    why: way.chosen?.why ?? null,
    memoryBytes: way.offer?.memoryBytes ?? null,
    findings: [...blockers, ...findings.filter(({ severity }) => severity !== 'blocker')],
  }
}

function refused(refusal: Error | null): Finding[] {
  if (!refusal) return []
  return [{ severity: 'blocker', code: 'no-transport', side: 'source', message: refusal.message }]
}
