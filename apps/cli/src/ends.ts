import { type Connection, type Domain, isVmError, restated, type VmError } from '@vmferry/core'
import type { Session } from './session.ts'

/** The two ends of a migration that is asked for. */
export interface Ends {
  readonly domain: Domain
  readonly there: Connection
}

/**
 * Connects to both hosts and looks the domain up. A target that cannot be reached is told with the guest's state: the
 * source has been asked by then.
 */
export async function connectEnds(
  { connect, interruption }: Session,
  source: string,
  name: string,
  target: string,
): Promise<Ends> {
  const [left, right] = await Promise.allSettled([connect(source), connect(target)])
  if (left.status === 'rejected') throw left.reason
  const domain = await interruption.wait(left.value.domain(name))
  if (right.status === 'rejected')
    throw isVmError(right.reason) ? untouched(right.reason, domain.state) : right.reason
  return { domain, there: right.value }
}

/** Nothing was begun: the guest is as it was found. */
function untouched(error: VmError, state: Domain['state']): VmError {
  const source = state === 'running' || state === 'paused' ? state : 'stopped'
  const { remedy = 'make the target reachable, then migrate again' } = error
  return restated(error, { phase: 'check', guest: { source, target: 'none' }, remedy })
}
