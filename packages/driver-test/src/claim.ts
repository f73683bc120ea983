import { type Claim, vmError } from '@vmferry/core/driver'
import type { WorldHost } from './world-host.ts'

/** Compares and sets the epoch of a domain; copying of an older epoch stops where it is, and nothing is undone. */
export function claimDomain(host: WorldHost, domain: string, epoch: number): Claim {
  if (!Number.isSafeInteger(epoch) || epoch < 1)
    throw vmError('VM_INVALID', `${epoch} is no epoch: it takes a positive integer`, { host: host.name })
  const held = host.epochs.get(domain) ?? 0
  if (epoch <= held) {
    throw vmError('VM_STALE', `${host.name} holds epoch ${held} of '${domain}', not lower than ${epoch}`, {
      host: host.name,
      remedy: 'another controller has taken over: look at the domain first',
    })
  }
  host.epochs.set(domain, epoch)
  const stale = vmError('VM_STALE', `epoch ${epoch} of '${domain}' was claimed on ${host.name}`, {
    host: host.name,
  })
  for (const file of host.outgoing.values()) if (file.domain === domain) file.copying?.abort(stale)
  return { domain, epoch }
}
