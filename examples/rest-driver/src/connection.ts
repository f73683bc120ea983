import {
  type CallOptions,
  type Claim,
  type DriverConnection,
  type HostRecord,
  vmError,
} from '@vmferry/core/driver'
import { REST_CAPABILITIES } from './capabilities.ts'
import { restDirect } from './direct.ts'
import { domainNamed, domainsOf } from './domain.ts'
import type { Job } from './job.ts'
import type { RestNode } from './rest-node.ts'

/** An open connection to one node. */
export async function connectRest(at: RestNode, call: CallOptions): Promise<DriverConnection> {
  const { uri, client, node } = at
  const { version, id } = await client.get<{ version: string; id: string }>(`/nodes/${node}`, call)
  const close = async (): Promise<void> => client.close()
  return {
    uri,
    capabilities: REST_CAPABILITIES,
    hostId: id,
    hypervisor: version,
    domains: (options) => domainsOf(at, options),
    domain: (name, options) => domainNamed(at, name, options),
    claim: claims(at),
    async migrations(options) {
      const jobs = await client.get<readonly Job[]>(`/nodes/${node}/jobs`, options)
      return jobs.map(hostRecord)
    },
    direct: restDirect(at),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The cluster has no place for epochs, so they are this connection's alone: the manifest says `fencing: 'none'`. */
function claims(at: RestNode): DriverConnection['claim'] {
  const epochs = new Map<string, number>()
  return async (domain, epoch, call): Promise<Claim> => {
    await domainsOf(at, call)
    const held = epochs.get(domain) ?? 0
    if (epoch <= held)
      throw vmError('VM_STALE', `${at.node} holds epoch ${held} of '${domain}', not lower than ${epoch}`, {
        epoch: held,
      })
    epochs.set(domain, epoch)
    return { domain, epoch }
  }
}

/** What the driver noted with the job is enough for another controller. */
function hostRecord({ id, domain, note }: Job): HostRecord {
  return { migration: id, role: 'source', domain, ...note, phase: 'perform' }
}
