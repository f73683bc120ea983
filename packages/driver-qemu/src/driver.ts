import { CONTRACT, type Driver } from '@vmferry/core/driver'
import { QEMU_CAPABILITIES } from './capabilities.ts'
import { connectQemu } from './connection.ts'
import { runDirectoryOf } from './run-directory.ts'

/**
 * The driver for QEMU and QEMU/KVM, over QMP. Connection URIs: `qemu:///system`, `qemu:///session`,
 * `qemu+ssh://[user@]host[:port]/system` (or `/session`), each with an optional `?run=/absolute/path` for the directory
 * in which guests are kept.
 */
export function qemu(): Driver<'qemu', typeof QEMU_CAPABILITIES> {
  return {
    contract: CONTRACT,
    name: 'qemu',
    capabilities: QEMU_CAPABILITIES,
    async connect(uri, { openHost, clock, random, log }, call) {
      runDirectoryOf(uri)
      const host = await openHost(call)
      try {
        return await connectQemu(uri, host, { clock, random, log }, call)
      } catch (error) {
        await host.close()
        throw error
      }
    },
  }
}
