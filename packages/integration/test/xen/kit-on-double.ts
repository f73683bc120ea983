import { conformance } from '@vmferry/conformance'
import { afterAll, describe, test } from 'vitest'
import { fakeXenHosts } from './fake-xen-hosts.ts'
import { fakeXenSetup } from './fake-xen-setup.ts'

const hosts = await fakeXenHosts()

describe('the Xen driver, between two hosts of a fake Xen', () => {
  conformance({ describe, test: test.concurrent }, fakeXenSetup(hosts), { hosts: [hosts.provider] })
})
afterAll(() => hosts.close())
