import { CONTRACT, type Driver, vmError } from '@vmferry/core/driver'
import { QEMU_CAPABILITIES } from './capabilities.ts'
import { connectQemu } from './connection.ts'
import { runDirectoryOf } from './guest/run-directory.ts'
import { tlsDirectoryOf } from './tls/directory.ts'

/** What can be set for all guests that this driver moves. */
export interface QemuOptions {
  /**
   * Milliseconds, from 100; default 15,000. A copy whose controller gives no sign of life for so long is cancelled at the
   * source, by a process there, and the guest runs on as before; at once if the controller's connection ends.
   */
  readonly deadManLimit?: number
}

/**
 * The driver for QEMU and QEMU/KVM, over QMP. Connection URIs: `qemu:///system`, `qemu:///session`,
 * `qemu+ssh://[user@]host[:port]/system` (or `/session`), each with an optional `?run=/absolute/path` for the directory
 * in which guests are kept, and `?tls=/absolute/path` for that of certificates and keys (default `/etc/pki/qemu`). Throws VM_INVALID for an option that is none.
 */
export function qemu({ deadManLimit = 15_000 }: QemuOptions = {}): Driver<'qemu', typeof QEMU_CAPABILITIES> {
  if (!(deadManLimit >= 100) || !Number.isSafeInteger(deadManLimit))
    throw vmError(
      'VM_INVALID',
      `deadManLimit is ${deadManLimit}: it takes a whole number of milliseconds from 100`,
    )
  return {
    contract: CONTRACT,
    name: 'qemu',
    capabilities: QEMU_CAPABILITIES,
    async connect(uri, { openHost, clock, random, log }, call) {
      runDirectoryOf(uri)
      tlsDirectoryOf(uri)
      const host = await openHost(call)
      try {
        return await connectQemu(uri, host, { clock, random, log, deadManLimit }, call)
      } catch (error) {
        await host.close()
        throw error
      }
    },
  }
}
