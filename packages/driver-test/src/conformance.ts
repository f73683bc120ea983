/**
 * How the conformance kit gets hosts and guests of this hypervisor.
 *
 * @packageDocumentation
 */
import type { ConformanceSetup, ConformanceStage, Driver, Side } from '@vmferry/core/driver'
import { test } from './driver.ts'
import { catchUp } from './guest.ts'
import { isUnharmed } from './page-memory.ts'
import { createWorld, type World } from './world.ts'
import type { WorldHost } from './world-host.ts'

/** A copy takes an eighth of a second. */
const GUEST_BYTES = 8 * 1024 ** 2
const LINK_BYTES_PER_SECOND = 64 * 1024 ** 2
const PAGES = 64
/** 640 KiB a second: a copy converges even at an eighth of the guest a second. */
const DIRTY_PER_SECOND = 5

/** Two hosts of a fresh world for each case. */
export const setup: ConformanceSetup = worldSetup((world) => test({ world }))

/** The same for a driver of your making over a world: a lesser one, or one that is broken on purpose. */
export function worldSetup(driverOf: (world: World) => Driver): ConformanceSetup {
  return {
    async stage({ clock }) {
      const world = createWorld({ clock, linkBytesPerSecond: LINK_BYTES_PER_SECOND })
      const end = (name: string): StageEnd => ({ world, host: world.host(name), uri: `test:///${name}` })
      return worldStage(driverOf(world), { source: end('alpha'), target: end('beta'), address: 'beta' })
    },
  }
}

/** A host of a world, and how it is connected to. */
export interface StageEnd {
  readonly world: World
  readonly host: WorldHost
  readonly uri: string
}

/** Two ends, which may be of two worlds, and the target as the source sees it. */
export interface StageEnds extends Readonly<Record<Side, StageEnd>> {
  readonly address: string
}

/** The stage of a case over hosts of your choice. */
export function worldStage(driver: Driver, ends: StageEnds): ConformanceStage {
  return {
    driver,
    source: ends.source.uri,
    target: ends.target.uri,
    guestBytes: GUEST_BYTES,
    migrationUri: (transport) => (transport === null ? ends.address : `${transport}://${ends.address}`),
    async start(side, name, state) {
      const shape = { memoryBytes: GUEST_BYTES, pages: PAGES, dirtyPerSecond: DIRTY_PER_SECOND }
      ends[side].host.start(name, { ...shape, paused: state === 'paused' })
    },
    async look(side, name) {
      const { host, world } = ends[side]
      const guest = host.guests.get(name)
      if (!guest) return null
      catchUp(guest, world.now())
      const { memory, state } = guest
      return { running: state === 'running', counter: memory.registers.counter, intact: isUnharmed(memory) }
    },
    async crash(side, name) {
      ends[side].host.crash(name)
    },
    traces: async (side) => tracesOf(ends[side].host),
    close: async () => {},
  }
}

function tracesOf({ guests, outgoing, incoming, epochs }: WorldHost): readonly string[] {
  return [
    ...[...guests.values()].flatMap(({ name, heldBy }) =>
      heldBy === null ? [] : [`${name} is held by ${heldBy}`],
    ),
    ...[...outgoing.keys()].map((id) => `outgoing ${id}`),
    ...[...incoming.keys()].map((id) => `incoming ${id}`),
    ...[...epochs].map(([domain, epoch]) => `epoch of ${domain}: ${epoch}`),
  ]
}
