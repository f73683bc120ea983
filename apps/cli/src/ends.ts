import { type Connection, type Domain, isVmError, type VmError, vmError } from '@vmferry/core'
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
  const { code, message, host, causes, remedy = 'make the target reachable, then migrate again' } = error
  const source = state === 'running' || state === 'paused' ? state : 'stopped'
  const guest = { source, target: 'none' } as const
  return vmError(code, message, {
    phase: 'check',
    ...(host && { host }),
    guest,
    remedy,
    causes,
    cause: error,
  })
}
