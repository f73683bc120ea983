import { CONTRACT, type Driver, vmError } from '@vmferry/core/driver'
import { COUNTER_CAPABILITIES } from './capabilities.ts'
import { connectCounter } from './connection.ts'

/**
 * The driver for the counter hypervisor. Connection URIs name its socket: `counter:///run/counter.sock` on this machine,
 * `counter+ssh://root@alpha/run/counter.sock` on another.
 */
export function counter(): Driver<'counter', typeof COUNTER_CAPABILITIES> {
  return {
    contract: CONTRACT,
    name: 'counter',
    capabilities: COUNTER_CAPABILITIES,
    async connect(uri, { openHost, clock }, call) {
      const [parameter] = Object.keys(uri.query)
      if (parameter !== undefined)
        throw vmError('VM_INVALID', `${uri.text}: there is no parameter '${parameter}'`, {
          remedy: 'leave it out: counter has none',
        })
      if (uri.path === '')
        throw vmError('VM_INVALID', `${uri.text} does not name the hypervisor's socket`, {
          remedy: 'give its path: counter:///run/counter.sock',
        })
      const host = await openHost(call)
      try {
        return await connectCounter(uri, { host, clock, socket: uri.path }, call)
      } catch (error) {
        await host.close()
        throw error
      }
    },
  }
}
