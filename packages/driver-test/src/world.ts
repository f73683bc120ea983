import { type Clock, type DriverDomain, type Random, vmError } from '@vmferry/core/driver'
import { createFaults, type FaultPlan } from './faults.ts'
import { catchUp, type Guest } from './guest.ts'
import { hex } from './hex.ts'
import { createLink, type Link } from './link.ts'
import { createWorldHost, type WorldHost } from './world-host.ts'

/** Options of {@link createWorld}. */
export interface WorldOptions {
  /** Default: the clock of the first connection. */
  readonly clock?: Clock
  /** Where the uuids of guests come from. Default: they are counted, in every world alike. */
  readonly random?: Random
  /** Speed of links. Default 72 MiB/s: a guest of 64 MiB moves in about a second. `Infinity` is possible. */
  readonly linkBytesPerSecond?: number
  /** Latency of links, in milliseconds. Default 0. */
  readonly linkLatencyMs?: number
  /** Memory of each host that guests can use, in bytes. Default 64 GiB. */
  readonly hostMemoryBytes?: number
  /** Passes over the memory after which the guest is stopped even if the rest is too much. Default 30. */
  readonly maxRounds?: number
}

/** Two copies of one guest ran at the same time: what must never happen. */
export interface Violation {
  /** World time in milliseconds. */
  readonly at: number
  readonly uuid: string
  /** The hosts on which it ran; one host twice if both copies were there. */
  readonly hosts: readonly string[]
}

/** Hosts, guests, links, time and faults, shared by all connections of the drivers that were given this world. */
export interface World {
  readonly hosts: ReadonlyMap<string, WorldHost>
  readonly faults: FaultPlan
  /** Grows whenever a guest is run while another copy of it runs. */
  readonly violations: readonly Violation[]
  readonly maxRounds: number
  /** The host of that name, made if it is not there. `default` has the running guests `web1` and `db1`. */
  host(name: string): WorldHost
  /** The link from one host to another; the way back is another one. */
  link(from: string, to: string): Link
  /** Hosts on which that guest runs now: at most one, or there is a violation. */
  running(uuid: string): readonly string[]
  /** Milliseconds since the world has had a clock; guests stand still before. */
  now(): number
  /** Gives the world its clock if it has none yet. */
  live(clock: Clock): void
  /** The clock. VM_INVALID if it has none yet. */
  readonly clock: Clock
  /** Changes a guest's run state, the only way to do it: keeps its memory up to date and notes violations. */
  change(guest: Guest, state: DriverDomain['state']): void
  /** A uuid that no guest of this world has had. */
  newUuid(): string
}

/** Makes a world without hosts. Nothing in it ticks: it is brought up to date when it is looked at. */
export function createWorld(options: WorldOptions = {}): World {
  const { linkBytesPerSecond = 72 * 1024 ** 2, linkLatencyMs = 0 } = options
  const { hostMemoryBytes = 64 * 1024 ** 3, maxRounds = 30 } = options
  const hosts = new Map<string, WorldHost>()
  const links = new Map<string, Link>()
  const violations: Violation[] = []
  let time: { readonly clock: Clock; readonly from: number } | null = null
  let uuids = 0

  const world: World = {
    hosts,
    faults: createFaults(),
    violations,
    maxRounds,
    host(name) {
      const known = hosts.get(name)
      if (known) return known
      const host = createWorldHost(world, name, hostMemoryBytes)
      hosts.set(name, host)
      if (name === 'default') for (const guest of ['web1', 'db1']) host.start(guest)
      return host
    },
    link(from, to) {
      const key = `${from} ${to}`
      const link = links.get(key) ?? createLink(from, to, linkBytesPerSecond, linkLatencyMs)
      links.set(key, link)
      return link
    },
    running: (uuid) =>
      [...hosts.values()].flatMap(({ name, guests }) =>
        [...guests.values()]
          .filter((guest) => guest.uuid === uuid && guest.state === 'running')
          .map(() => name),
      ),
    now: () => (time ? time.clock.monotonic() - time.from : 0),
    live(clock) {
      time ??= { clock, from: clock.monotonic() }
    },
    get clock() {
      if (time) return time.clock
      throw vmError('VM_INVALID', 'this world has no clock yet', { remedy: 'connect to it, or give it one' })
    },
    change(guest, state) {
      catchUp(guest, world.now())
      guest.state = state
      const running = world.running(guest.uuid)
      if (state === 'running' && running.length > 1)
        violations.push({ at: world.now(), uuid: guest.uuid, hosts: running })
    },
    newUuid() {
      uuids += 1
      const last = options.random ? hex(options.random.bytes(6)) : uuids.toString(16).padStart(12, '0')
      return `7e570000-0000-4000-8000-${last}`
    },
  }
  if (options.clock) world.live(options.clock)
  return world
}
