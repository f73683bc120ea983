import { type DriverDomain, vmError } from '@vmferry/core/driver'
import type { Guest } from './guest.ts'
import type { WorldHost } from './world-host.ts'

/** The guest as core sees it. */
export function domainOf({ name, uuid, state, memory }: Guest): DriverDomain {
  return { name, uuid, state, memoryBytes: memory.pages * memory.pageBytes }
}

/** The guest of that name, or VM_NOT_FOUND. */
export function guestNamed({ name: host, guests }: WorldHost, name: string): Guest {
  const guest = guests.get(name)
  if (guest) return guest
  throw vmError('VM_NOT_FOUND', `there is no domain '${name}' on ${host}`, {
    host,
    remedy: `it has ${[...guests.keys()].join(', ') || 'none'}`,
  })
}

/** VM_BUSY if a migration holds the guest, other than the one given. */
export function refuseHeld({ name, host, heldBy }: Guest, except: string | null = null): void {
  if (heldBy === null || heldBy === except) return
  throw vmError('VM_BUSY', `the migration ${heldBy} holds '${name}' on ${host}`, {
    host,
    remedy: 'wait until it has settled, or recover it',
  })
}
