import { type DriverDomain, vmError } from '@vmferry/core/driver'
import type { AcmeGuest, AcmeHost } from './acme-hypervisor.ts'

/** A guest, as vmferry sees it. */
export function domainOf({ name, uuid, memoryBytes }: AcmeGuest): DriverDomain {
  return { name, uuid, state: 'running', memoryBytes }
}

/** The guest of that name, or VM_NOT_FOUND. */
export function guestNamed({ name: host, guests }: AcmeHost, name: string): AcmeGuest {
  const guest = guests.get(name)
  if (guest) return guest
  throw vmError('VM_NOT_FOUND', `there is no domain '${name}' on ${host}`, {
    host,
    remedy: `it has ${[...guests.keys()].join(', ') || 'none'}`,
  })
}
