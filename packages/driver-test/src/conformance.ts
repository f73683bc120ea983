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
      return stageOf(world, driverOf(world))
    },
  }
}

const NAMES = { source: 'alpha', target: 'beta' } as const

function stageOf(world: World, driver: Driver): ConformanceStage {
  const host = (side: Side): WorldHost => world.host(NAMES[side])
  return {
    driver,
    source: `test:///${NAMES.source}`,
    target: `test:///${NAMES.target}`,
    guestBytes: GUEST_BYTES,
    migrationUri: (transport) => (transport === null ? NAMES.target : `${transport}://${NAMES.target}`),
    async start(side, name, state) {
      const shape = { memoryBytes: GUEST_BYTES, pages: PAGES, dirtyPerSecond: DIRTY_PER_SECOND }
      host(side).start(name, { ...shape, paused: state === 'paused' })
    },
    async look(side, name) {
      const guest = host(side).guests.get(name)
      if (!guest) return null
      catchUp(guest, world.now())
      const { memory, state } = guest
      return { running: state === 'running', counter: memory.registers.counter, intact: isUnharmed(memory) }
    },
    async crash(side, name) {
      host(side).crash(name)
    },
    traces: async (side) => tracesOf(host(side)),
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
