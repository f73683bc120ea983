import { createFerry } from '@vmferry/core'
import { xen } from '@vmferry/driver-xen'
import { expect, vi } from 'vitest'
import type { FakeXenHosts } from './fake-xen-hosts.ts'
import { type HaltAt, haltingDriver } from './halting-driver.ts'

/** When a controller is lost, and how another one, which has no journal of it, ends what it began. */
export type Loss = readonly [when: 'before' | 'after', at: HaltAt, outcome: 'rolledBack' | 'migrated']

/** Without the journal nobody knows whether it was committed: what is complete at the target goes on there. */
export const LOSSES: readonly Loss[] = [
  ['before', 'perform', 'rolledBack'],
  ['after', 'perform', 'migrated'],
  ['after', 'ready', 'migrated'],
  ['after', 'handOver', 'migrated'],
  ['before', 'finish', 'migrated'],
  ['after', 'finish', 'migrated'],
  ['after', 'confirm', 'migrated'],
]

/** One domain, under its name: what is left at the source and at the target. */
export const LEFT: Readonly<Record<Loss[2], readonly (readonly string[])[]>> = {
  rolledBack: [['web1 -b----'], []],
  migrated: [[], ['web1 -b----']],
}

/** Loses a controller, lets another one end it, and wakes the first again. Tells what is left at the source and at the target. */
export async function loseController(
  hosts: FakeXenHosts,
  [when, at, outcome]: Loss,
  live: boolean,
): Promise<string[][]> {
  await hosts.create('alpha', 'web1')
  const halting = haltingDriver(xen(), at, when)
  const first = createFerry({ drivers: [halting.driver], hosts: [hosts.provider] })
  const second = createFerry({ drivers: [xen()], hosts: [hosts.provider] })
  const here = await first.connect(hosts.uri('alpha'))
  const there = await first.connect(hosts.uri('beta'))
  const migration = (await here.domain('web1')).migrate(there, { live })
  migration.done.catch(() => {})
  await halting.reached

  const other = await second.connect(hosts.uri('alpha'))
  const recovered = await other.recover()
  // after confirm the source has nothing on file any more
  expect(recovered.map((one) => one.outcome)).toEqual(at === 'confirm' ? [] : [outcome])
  const seen = async () => Promise.all([hosts.domains('alpha'), hosts.domains('beta')])
  expect(await seen()).toEqual(LEFT[outcome])

  halting.wake()
  await migration.done.catch(() => {})
  const left = await seen()
  await vi.waitFor(async () => expect(await hosts.traces('alpha')).toEqual([]), { timeout: 5_000 })
  await Promise.all([first.close(), second.close()])
  return left
}
