import {
  type Connection,
  createFerry,
  type Domain,
  type Driver,
  type Ferry,
  type Journal,
  type MigrationEvent,
  memoryJournal,
} from '../src/index.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { type FakeWorld, fakeDriver, fakeWorld } from './fake-driver.ts'

/** A ferry over one fake hypervisor, with both ends open and the domain at hand. */
export interface Ferried {
  readonly world: FakeWorld
  readonly clock: FakeClock
  readonly journal: Journal
  readonly ferry: Ferry
  readonly here: Connection
  readonly there: Connection
  readonly web1: Domain
}

export async function ferried(make: (world: FakeWorld) => Driver = fakeDriver): Promise<Ferried> {
  const world = fakeWorld()
  const clock = fakeClock()
  const journal = memoryJournal()
  const ferry = createFerry({ drivers: [make(world)], clock, journal })
  const here = await ferry.connect('fake:///here')
  const there = await ferry.connect('fake:///there')
  const web1 = await here.domain('web1')
  return { world, clock, journal, ferry, here, there, web1 }
}

/** All events of a migration. */
export async function eventsOf(migration: AsyncIterable<MigrationEvent>): Promise<MigrationEvent[]> {
  const events: MigrationEvent[] = []
  for await (const event of migration) events.push(event)
  return events
}

/** The rejection of a promise; fails if it does not reject. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`expected a rejection, got ${String(value)}`)
}

/** A promise and the function that resolves it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
