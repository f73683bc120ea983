import type { ConformanceSetup } from '@vmferry/core/driver'
import { xenSetup } from '@vmferry/driver-xen/conformance'
import { FAKE_BYTES, type FakeXenHosts } from './fake-xen-hosts.ts'

/** How the conformance kit gets guests between hosts of a fake Xen: two new ones for each case, so that cases can run side by side. */
export function fakeXenSetup(hosts: FakeXenHosts): ConformanceSetup {
  let pairs = 0
  return xenSetup(
    (transport) => {
      pairs += 1
      const [source, target] = [`alpha${pairs}`, `beta${pairs}`]
      return {
        source: `xen+ssh://root@${source}/`,
        target: `xen+ssh://root@${target}/`,
        // only ssh goes by their names: they are all this machine
        targetHost: transport === 'tcp' ? '127.0.0.1' : target,
      }
    },
    {
      commandLine: ['/etc/xen/kit.cfg'],
      bytes: FAKE_BYTES,
      count: ({ name }, guest) => hosts.count(name, guest),
    },
  )
}
