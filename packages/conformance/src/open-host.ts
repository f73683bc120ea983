import { parseConnectionUri } from '@vmferry/core'
import { type CallOptions, type HostChannel, type HostProvider, vmError } from '@vmferry/core/driver'

/** Opens the host of a connection URI by one of the providers. */
export type OpenHost = (uri: string, call: CallOptions) => Promise<HostChannel>

export function hostsOf(providers: readonly HostProvider[]): OpenHost {
  return async (text: string, call: CallOptions): Promise<HostChannel> => {
    const uri = parseConnectionUri(text)
    const wanted = uri.transport ?? 'local'
    const provider = providers.find(({ name }) => name === wanted)
    if (provider) return provider.open(uri, call)
    throw vmError('VM_UNSUPPORTED', `no way to reach a host by '${wanted}' (${text})`, {
      remedy:
        'give the kit a host provider: install @vmferry/host beside it, or pass { hosts: [local(), ssh()] }',
    })
  }
}
