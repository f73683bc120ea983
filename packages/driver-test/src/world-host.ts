import { type MigrationId, vmError } from '@vmferry/core/driver'
import { catchUp, type Guest, type GuestOptions, type GuestView, viewOf } from './guest.ts'
import type { IncomingFile, OutgoingFile } from './migration-file.ts'
import { createPageMemory, firstWords, isMemoryShape, type MemoryShape } from './page-memory.ts'
import type { Session } from './session.ts'
import type { World } from './world.ts'

/** One host of a world: plain data, and a hand on it that no driver has. */
export interface WorldHost {
  readonly name: string
  /** A random id, from the first connection on. */
  id: string | null
  /** Names by which other hosts reach it, for migration URIs. Default: its name. */
  readonly addresses: string[]
  /** Memory that guests can use, in bytes. */
  memoryBytes: number
  /** False: no call is answered. Calls whose effect falls into that time have it all the same. */
  reachable: boolean
  readonly guests: Map<string, Guest>
  readonly outgoing: Map<MigrationId, OutgoingFile>
  readonly incoming: Map<MigrationId, IncomingFile>
  /** The epoch of each domain, by name. */
  readonly epochs: Map<string, number>
  /** Those of the connections that are open. */
  readonly sessions: Set<Session>
  /** Bytes that no guest uses. */
  freeBytes(): number
  /** A guest as it is now; null if there is none of that name. */
  domain(name: string): GuestView | null
  /** Starts a guest. VM_EXISTS (name or uuid taken), VM_PHASE_FAILED (not enough memory), VM_INVALID (options). */
  start(name: string, options?: GuestOptions): GuestView
  /** Pauses a running guest. VM_NOT_FOUND, VM_INVALID. */
  pause(name: string): void
  /** Runs a paused guest. VM_NOT_FOUND, VM_INVALID. */
  resume(name: string): void
  /** Another dirty rate, in pages per second, from now on. VM_NOT_FOUND. */
  setDirtyRate(name: string, perSecond: number): void
  /** The process of a guest dies, or of every guest as in a power cut; its files stay. VM_NOT_FOUND. */
  crash(name?: string): void
  /** Puts a guest of that shape here, without a look at what is there. */
  place(guest: Pick<Guest, 'name' | 'uuid' | 'state' | 'heldBy'>, shape: MemoryShape): Guest
}

export function createWorldHost(world: World, name: string, memoryBytes: number): WorldHost {
  const guests = new Map<string, Guest>()
  const found = (guest: string): Guest => {
    const known = guests.get(guest)
    if (known) return known
    throw vmError('VM_NOT_FOUND', `there is no domain '${guest}' on ${name}`, { host: name })
  }
  const turn = (guest: Guest, from: Guest['state'], to: Guest['state']): void => {
    if (guest.state !== from)
      throw vmError('VM_INVALID', `'${guest.name}' on ${name} is ${guest.state}, not ${from}`)
    world.change(guest, to)
  }

  const host: WorldHost = {
    name,
    id: null,
    addresses: [name],
    memoryBytes,
    reachable: true,
    guests,
    outgoing: new Map(),
    incoming: new Map(),
    epochs: new Map(),
    sessions: new Set(),
    freeBytes: () =>
      [...guests.values()].reduce(
        (free, { state, memory }) => (state === 'failed' ? free : free - memory.pages * memory.pageBytes),
        host.memoryBytes,
      ),
    domain(wanted) {
      const guest = guests.get(wanted)
      if (!guest) return null
      catchUp(guest, world.now())
      return viewOf(guest)
    },
    start(wanted, options = {}) {
      const guest = startGuest(world, host, wanted, options)
      return viewOf(guest)
    },
    pause: (wanted) => turn(found(wanted), 'running', 'paused'),
    resume: (wanted) => turn(found(wanted), 'paused', 'running'),
    setDirtyRate(wanted, perSecond) {
      const guest = found(wanted)
      catchUp(guest, world.now())
      guest.memory.loadRegisters({ ...guest.memory.registers, dirtyPerSecond: perSecond })
    },
    crash(wanted) {
      for (const guest of wanted === undefined ? guests.values() : [found(wanted)])
        crashGuest(world, host, guest)
    },
    place(guest, shape) {
      const placed = { ...guest, host: name, memory: createPageMemory(shape), ranUntil: world.now() }
      guests.set(guest.name, placed)
      return placed
    },
  }
  return host
}

function startGuest(world: World, host: WorldHost, name: string, options: GuestOptions): Guest {
  const { uuid = world.newUuid(), memoryBytes = 64 * 1024 ** 2, pages = 256, dirtyPerSecond = 20 } = options
  const shape = { pages, pageBytes: memoryBytes / pages, dirtyPerSecond }
  if (!isMemoryShape(shape)) {
    const what = `${memoryBytes} bytes of memory in ${pages} pages, ${dirtyPerSecond} writes per second`
    throw vmError('VM_INVALID', `'${name}' on ${host.name} cannot have ${what}`, {
      host: host.name,
      remedy: 'memory is a multiple of the pages, of which there are 1 to 65536',
    })
  }
  const same = [...host.guests.values()].find((guest) => guest.name === name || guest.uuid === uuid)
  if (same && !(same.state === 'failed' && same.heldBy === null)) {
    const what = same.name === name ? `the name '${name}'` : `the uuid ${uuid}`
    throw vmError('VM_EXISTS', `${what} is taken on ${host.name}`, {
      host: host.name,
      remedy: 'choose another one',
    })
  }
  if (memoryBytes > host.freeBytes()) {
    const message = `'${name}' needs ${memoryBytes} bytes of memory, ${host.name} has ${host.freeBytes()} free`
    throw vmError('VM_PHASE_FAILED', message, { host: host.name })
  }
  if (same) host.guests.delete(same.name)
  const guest = host.place({ name, uuid, state: 'paused', heldBy: null }, shape)
  for (let page = 0; page < pages; page += 1) guest.memory.load(page, firstWords(page))
  if (!options.paused) world.change(guest, 'running')
  return guest
}

function crashGuest(world: World, host: WorldHost, guest: Guest): void {
  if (guest.state === 'off') return
  world.change(guest, 'failed')
  const words = `the process of '${guest.name}' on ${host.name} is gone`
  for (const file of host.outgoing.values()) {
    if (file.guest !== guest) continue
    file.copying?.abort(vmError('VM_PHASE_FAILED', words, { host: host.name }))
    file.pushing?.abort()
  }
}
