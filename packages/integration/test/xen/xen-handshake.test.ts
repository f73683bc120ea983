import { createFerry, type Ferry } from '@vmferry/core'
import { xen } from '@vmferry/driver-xen'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeXenHosts, fakeXenHosts } from './fake-xen-hosts.ts'

let hosts: FakeXenHosts
let ferry: Ferry

beforeEach(async () => {
  hosts = await fakeXenHosts()
  ferry = createFerry({ drivers: [xen()], hosts: [hosts.provider] })
})
afterEach(async () => {
  await ferry.close()
  await hosts.close()
})

async function ends() {
  const [here, there] = await Promise.all(['alpha', 'beta'].map((host) => ferry.connect(hosts.uri(host))))
  if (!here || !there) throw new Error('no ends')
  return { here, there }
}

test.each([undefined, 'relay:///'])('a guest moves with another name, by %s', async (uri) => {
  await hosts.create('alpha', 'web1')
  const { here, there } = await ends()
  const web1 = await here.domain('web1')
  const moved = await web1.migrate(there, { live: true, rename: 'web2', ...(uri && { uri }) })
  expect(moved.name).toBe('web2')
  expect(await hosts.domains('alpha')).toEqual([])
  expect(await hosts.domains('beta')).toEqual(['web2 -b----'])
  expect(await hosts.traces('alpha')).toEqual([])
})
