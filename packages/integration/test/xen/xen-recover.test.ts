import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeXenHosts, fakeXenHosts } from './fake-xen-hosts.ts'
import { lostBetweenFakes } from './lost-between-fakes.ts'
import { LOST_AT } from './lost-controller.ts'

let hosts: FakeXenHosts
beforeEach(async () => {
  hosts = await fakeXenHosts()
})
afterEach(() => hosts.close())

test.each(LOST_AT)(
  'a controller that is lost $when $at: another one, which has no journal of it, ends it as $outcome; one domain is left, under its name',
  async (lost) => {
    expect(await lostBetweenFakes(hosts, lost, { live: true })).toEqual(lost.settled)
  },
)
