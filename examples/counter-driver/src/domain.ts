import { type CallOptions, type DriverDomain, vmError } from '@vmferry/core/driver'
import type { CounterHost } from './counter-host.ts'
import { ask } from './hypervisor.ts'

/** A guest, as the hypervisor lists it. */
export interface Guest {
  readonly name: string
  readonly uuid: string
  readonly bytes: number
  readonly state: 'incoming' | 'running' | 'paused' | 'stopped'
  /** The migration that holds this copy, or held it last. */
  readonly migration: string | null
  readonly held: boolean
  readonly complete: boolean
}

export function guestsOf(at: CounterHost, call: CallOptions): Promise<readonly Guest[]> {
  return ask(at, ['list'], call)
}

/** The guest of that name, or VM_NOT_FOUND. */
export async function guestNamed(at: CounterHost, name: string, call: CallOptions): Promise<Guest> {
  const guests = await guestsOf(at, call)
  const guest = guests.find((one) => one.name === name)
  if (guest) return guest
  throw vmError('VM_NOT_FOUND', `there is no domain '${name}' on ${at.host.name}`, {
    host: at.host.name,
    remedy: `it has ${guests.map((one) => one.name).join(', ') || 'none'}`,
  })
}

/** VM_BUSY if another migration than that one holds the guest. */
export function refuseHeld({ name, held, migration }: Guest, except: string | null = null): void {
  if (!held || migration === except) return
  throw vmError('VM_BUSY', `the migration ${migration} holds '${name}'`, {
    remedy: 'wait until it has settled, or recover it',
  })
}

/** The guest, as vmferry sees it. */
export function domainOf({ name, uuid, state, bytes }: Guest): DriverDomain {
  return { name, uuid, state, memoryBytes: bytes }
}
