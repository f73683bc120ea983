import { conformance } from '@vmferry/conformance'
import { afterAll, describe, test } from 'vitest'
import { fakeXenHosts } from './fake-xen-hosts.ts'
import { fakeXenSetup } from './fake-xen-setup.ts'
import { LIVE_CASES, liveWishes } from './live-wishes.ts'

const hosts = await fakeXenHosts()

describe('the Xen driver, between two hosts of a fake Xen, all live', () => {
  conformance({ describe, test: test.concurrent }, liveWishes(fakeXenSetup(hosts)), {
    hosts: [hosts.provider],
    cases: LIVE_CASES,
  })
})
afterAll(() => hosts.close())
