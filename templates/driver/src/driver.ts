import { CONTRACT, type Driver, vmError } from '@vmferry/core/driver'
import { acmeHost } from './acme-hypervisor.ts'
import { ACME_CAPABILITIES } from './capabilities.ts'
import { connectAcme } from './connection.ts'

/** The driver for acme. Connection URIs: `acme:///HOST`. */
export function acme(): Driver<'acme', typeof ACME_CAPABILITIES> {
  return {
    contract: CONTRACT,
    name: 'acme',
    capabilities: ACME_CAPABILITIES,
    // a hypervisor that is reached through its host asks for it here: await context.openHost(call)
    async connect(uri) {
      const [parameter] = Object.keys(uri.query)
      if (parameter !== undefined)
        throw vmError('VM_INVALID', `${uri.text}: there is no parameter '${parameter}'`, {
          remedy: 'leave it out: acme has none',
        })
      return connectAcme(uri, acmeHost(uri.path.slice(1)))
    },
  }
}
