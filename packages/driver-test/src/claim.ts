import { type Claim, vmError } from '@vmferry/core/driver'
import type { TestHost } from './test-host.ts'
import type { WorldHost } from './world-host.ts'

/** The epoch of a domain that the host holds; 0: it was never claimed there. */
export function heldEpoch({ epochs }: Pick<WorldHost, 'epochs'>, domain: string): number {
  return epochs.get(domain) ?? 0
}

/**
 * Compares and sets the epoch of a domain. Whoever held it is kept out as his own fencing says: `host` stops his copying
 * where it is, `session` ends his session, `none` lets him go on. Nothing is undone.
 */
export function claimDomain({ host, session }: TestHost, domain: string, epoch: number): Claim {
  if (!Number.isSafeInteger(epoch) || epoch < 1)
    throw vmError('VM_INVALID', `${epoch} is no epoch: it takes a positive integer`, { host: host.name })
  const held = heldEpoch(host, domain)
  if (epoch <= held) {
    throw vmError('VM_STALE', `${host.name} holds epoch ${held} of '${domain}', not lower than ${epoch}`, {
      host: host.name,
      epoch: held,
      remedy: 'another controller has taken over: look at the domain first',
    })
  }
  host.epochs.set(domain, epoch)
  const stale = vmError('VM_STALE', `epoch ${epoch} of '${domain}' was claimed on ${host.name}`, {
    host: host.name,
  })
  for (const { domain: copied, copying } of host.outgoing.values())
    if (copied === domain && copying?.fencing === 'host') copying.abort(stale)
  for (const other of host.sessions)
    if (other !== session && other.fencing === 'session' && other.domains.has(domain)) other.end(stale)
  session.domains.add(domain)
  return { domain, epoch }
}
