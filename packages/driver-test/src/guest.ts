import type { DriverDomain, MigrationId } from '@vmferry/core/driver'
import type { PageMemory } from './page-memory.ts'

/** How to make a guest. */
export interface GuestOptions {
  /** Default: the world's next one. */
  readonly uuid?: string
  /** What the guest's memory stands for, in bytes; a multiple of `pages`. Default: 64 MiB. */
  readonly memoryBytes?: number
  /** Pages that are really kept and copied. Default 256. */
  readonly pages?: number
  /** Writes to memory per second, one page each. Default 20. */
  readonly dirtyPerSecond?: number
  /** Start it paused. Default false. */
  readonly paused?: boolean
}

/** One copy of a guest on one host: plain data. Change `state` by {@link import('./world.ts').World.change} only. */
export interface Guest {
  readonly name: string
  readonly uuid: string
  readonly host: string
  readonly memory: PageMemory
  state: DriverDomain['state']
  /** The migration that holds this copy, sending or receiving; null: none. */
  heldBy: MigrationId | null
  /** World time up to which the memory has been run. */
  ranUntil: number
}

/** A copy of a guest as it is at this moment. */
export interface GuestView {
  readonly name: string
  readonly uuid: string
  readonly state: DriverDomain['state']
  readonly heldBy: MigrationId | null
  /** Milliseconds that the guest has run in all its life, on whatever host. */
  readonly counter: number
  readonly memoryBytes: number
  readonly dirtyPerSecond: number
  /** Of memory and counter. */
  readonly checksum: string
}

/** Runs the guest's memory up to now, if it is running. */
export function catchUp(guest: Guest, now: number): void {
  if (guest.state === 'running') guest.memory.run(now - guest.ranUntil)
  guest.ranUntil = now
}

/** Its process is there. */
export function isAlive({ state }: Guest): boolean {
  return state !== 'failed' && state !== 'off'
}

/** A guest that is up to date, as it looks from outside. */
export function viewOf({ name, uuid, state, heldBy, memory }: Guest): GuestView {
  const { counter, dirtyPerSecond } = memory.registers
  const memoryBytes = memory.pages * memory.pageBytes
  return { name, uuid, state, heldBy, counter, memoryBytes, dirtyPerSecond, checksum: memory.checksum() }
}
