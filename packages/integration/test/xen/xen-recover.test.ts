import { createFerry } from '@vmferry/core'
import { xen } from '@vmferry/driver-xen'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type FakeXenHosts, fakeXenHosts } from './fake-xen-hosts.ts'
import { type HaltAt, haltingDriver } from './halting-driver.ts'

let hosts: FakeXenHosts
beforeEach(async () => {
  hosts = await fakeXenHosts()
})
afterEach(() => hosts.close())

/** Without the journal nobody knows whether it was committed: what is complete at the target goes on there. */
const CASES: readonly (readonly [when: 'before' | 'after', at: HaltAt, outcome: string])[] = [
  ['before', 'perform', 'rolledBack'],
  ['after', 'perform', 'migrated'],
  ['after', 'ready', 'migrated'],
  ['after', 'handOver', 'migrated'],
  ['before', 'finish', 'migrated'],
  ['after', 'finish', 'migrated'],
  ['after', 'confirm', 'migrated'],
]

test.each(CASES)(
  'a controller that is lost %s %s: another one, which has no journal of it, ends it as %s; one domain is left, under its name',
  async (when, at, outcome) => {
    await hosts.create('alpha', 'web1')
    const halting = haltingDriver(xen(), at, when)
    const first = createFerry({ drivers: [halting.driver], hosts: [hosts.provider] })
    const second = createFerry({ drivers: [xen()], hosts: [hosts.provider] })
    const here = await first.connect(hosts.uri('alpha'))
    const there = await first.connect(hosts.uri('beta'))
    const migration = (await here.domain('web1')).migrate(there, { live: true })
    migration.done.catch(() => {})
    await halting.reached

    const other = await second.connect(hosts.uri('alpha'))
    const recovered = await other.recover()
    // after confirm the source has nothing on file any more
    expect(recovered.map((one) => one.outcome)).toEqual(at === 'confirm' ? [] : [outcome])
    const expected = { rolledBack: [['web1 -b----'], []], migrated: [[], ['web1 -b----']] }[outcome]
    const seen = async () => Promise.all([hosts.domains('alpha'), hosts.domains('beta')])
    expect(await seen()).toEqual(expected)

    halting.wake()
    await migration.done.catch(() => {})
    expect(await seen()).toEqual(expected)
    await vi.waitFor(async () => expect(await hosts.traces('alpha')).toEqual([]), { timeout: 5_000 })
    await Promise.all([first.close(), second.close()])
  },
)
