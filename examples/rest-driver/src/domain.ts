import { type CallOptions, type DriverDomain, vmError } from '@vmferry/core/driver'
import type { RestNode } from './rest-node.ts'

/** All domains of a node: this one, or another of the cluster. */
export async function domainsOf(
  at: RestNode,
  call: CallOptions,
  node: string = at.node,
): Promise<readonly DriverDomain[]> {
  const guests = await at.client.get<readonly { name: string; uuid: string; bytes: number }[]>(
    `/nodes/${node}/domains`,
    call,
  )
  return guests.map(({ name, uuid, bytes }) => ({ name, uuid, state: 'running', memoryBytes: bytes }))
}

/** The domain of that name, or VM_NOT_FOUND. */
export async function domainNamed(at: RestNode, name: string, call: CallOptions): Promise<DriverDomain> {
  const domains = await domainsOf(at, call)
  const domain = domains.find((one) => one.name === name)
  if (domain) return domain
  throw vmError('VM_NOT_FOUND', `there is no domain '${name}' on ${at.node}`, {
    host: at.node,
    remedy: `it has ${domains.map((one) => one.name).join(', ') || 'none'}`,
  })
}
