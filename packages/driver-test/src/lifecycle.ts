import type { Lifecycle } from '@vmferry/core/driver'
import { guestOptions } from './command-line.ts'
import { domainOf, guestNamed, refuseHeld } from './domain.ts'
import type { TestHost } from './test-host.ts'

/** Starts and stops guests. A guest that is asked to power off does so at once. */
export function testLifecycle({ world, host }: TestHost): Lifecycle {
  return {
    async start(name, commandLine) {
      host.start(name, guestOptions(commandLine))
      return domainOf(guestNamed(host, name))
    },
    async stop(name, { force }) {
      const guest = guestNamed(host, name)
      if (!force) refuseHeld(guest)
      host.crash(name)
      world.change(guest, 'off')
      host.guests.delete(name)
      for (const [id, file] of host.outgoing) if (file.guest === guest) host.outgoing.delete(id)
      for (const [id, file] of host.incoming) if (file.guest === guest) host.incoming.delete(id)
    },
  }
}
