import { CONTRACT, type Driver, vmError } from '@vmferry/core/driver'
import { fences } from '@vmferry/fence'
import { XEN_CAPABILITIES } from './capabilities.ts'
import { connectXen } from './connection.ts'
import { XEN_VERBS } from './fence/verbs.ts'
import { runDirectoryOf } from './guest/run-directory.ts'

/** What can be set for all guests that this driver moves. */
export interface XenOptions {
  /**
   * Milliseconds, from 100; default 15,000. A copy whose controller gives no sign of life for so long is cancelled at the
   * source, by a process there, and the guest runs on as before; at once if the controller's connection ends.
   */
  readonly deadManLimit?: number
}

/**
 * The driver for Xen, over `xl`. Connection URIs: `xen:///`, `xen+ssh://[user@]host[:port]/`, each with an optional
 * `?run=/absolute/path` for the directory in which records of migrations are kept (default `/run/vmferry/xen`).
 * Throws VM_INVALID for an option that is none.
 */
export function xen({ deadManLimit = 15_000 }: XenOptions = {}): Driver<'xen', typeof XEN_CAPABILITIES> {
  if (!(deadManLimit >= 100) || !Number.isSafeInteger(deadManLimit))
    throw vmError(
      'VM_INVALID',
      `deadManLimit is ${deadManLimit}: it takes a whole number of milliseconds from 100`,
    )
  return {
    contract: CONTRACT,
    name: 'xen',
    capabilities: XEN_CAPABILITIES,
    async connect(uri, { openHost, clock, random, log }, call) {
      const runDirectory = runDirectoryOf(uri)
      const host = await openHost(call)
      try {
        const own = fences({ host, clock, runDirectory }, XEN_VERBS)
        const at = { uri, host, runDirectory, fences: own, clock, random, log, deadManLimit }
        return await connectXen(at, call)
      } catch (error) {
        await host.close()
        throw error
      }
    },
  }
}
