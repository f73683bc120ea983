import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeXenHosts, fakeXenHosts } from './fake-xen-hosts.ts'
import { LEFT, LOSSES, loseController } from './lost-controller.ts'

let hosts: FakeXenHosts
beforeEach(async () => {
  hosts = await fakeXenHosts()
})
afterEach(() => hosts.close())

test.each(LOSSES)(
  'a controller that is lost %s %s: another one, which has no journal of it, ends it as %s; one domain is left, under its name',
  async (...loss) => {
    expect(await loseController(hosts, loss, true)).toEqual(LEFT[loss[2]])
  },
)
