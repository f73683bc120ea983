import { CONTRACT, type ConnectionUri, type Driver, vmError } from '@vmferry/core/driver'
import { REST_CAPABILITIES } from './capabilities.ts'
import { clientOf } from './client.ts'
import { connectRest } from './connection.ts'

/** The driver for a REST cluster. Connection URIs name its interface and a node: `rest+http://cluster.example:8080/alpha`. */
export function rest(): Driver<'rest', typeof REST_CAPABILITIES> {
  return {
    contract: CONTRACT,
    name: 'rest',
    capabilities: REST_CAPABILITIES,
    // no host is opened: all that is needed of one goes over its interface
    async connect(uri, { clock }, call) {
      refuseUnknown(uri)
      const client = clientOf(`${uri.transport}://${uri.host}${uri.port === null ? '' : `:${uri.port}`}`)
      return connectRest({ uri, client, clock, node: uri.path.slice(1) }, call)
    },
  }
}

function refuseUnknown({ text, query, transport, host, path }: ConnectionUri): void {
  const [parameter] = Object.keys(query)
  if (parameter !== undefined) throw vmError('VM_INVALID', `${text}: there is no parameter '${parameter}'`)
  if (!/^https?$/.test(transport ?? '') || host === null || !/^\/[\w-]+$/.test(path))
    throw vmError('VM_INVALID', `${text} does not name a cluster and a node`, {
      remedy: 'give both: rest+http://cluster.example:8080/alpha',
    })
}
