import type { HostProvider } from '@vmferry/core'

/** A host provider of `@vmferry/host`, which is loaded with its ssh client when a host is first opened. */
export function lateHost(name: 'local' | 'ssh'): HostProvider {
  let provider: Promise<HostProvider> | null = null
  return {
    name,
    async open(uri, call) {
      provider ??= import('@vmferry/host').then((hosts) => hosts[name]())
      return (await provider).open(uri, call)
    },
  }
}
