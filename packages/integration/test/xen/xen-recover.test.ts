import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type FakeXenHosts, fakeXenHosts } from './fake-xen-hosts.ts'
import { LOST_AT, loseController } from './lost-controller.ts'

let hosts: FakeXenHosts
beforeEach(async () => {
  hosts = await fakeXenHosts()
})
afterEach(() => hosts.close())

test.each(LOST_AT)(
  'a controller that is lost $when $at: another one, which has no journal of it, ends it as $outcome; one domain is left, under its name',
  async (lost) => {
    await hosts.create('alpha', 'web1')
    const expected = { rolledBack: [['web1 -b----'], []], migrated: [[], ['web1 -b----']] }[lost.outcome]
    const settled = async () =>
      expect(await Promise.all([hosts.domains('alpha'), hosts.domains('beta')])).toEqual(expected)
    const way = { name: 'web1', from: 'alpha', to: 'beta' } as const
    expect(await loseController(hosts, way, lost, { settled })).toEqual(lost.settled)
    await settled()
    await vi.waitFor(async () => expect(await hosts.traces('alpha')).toEqual([]), { timeout: 5_000 })
  },
)
