import {
  type CallOptions,
  type ConnectionUri,
  type DriverConnection,
  isVmError,
  vmError,
} from '@vmferry/core/driver'
import { COUNTER_CAPABILITIES } from './capabilities.ts'
import type { CounterHost } from './counter-host.ts'
import { domainOf, guestNamed, guestsOf } from './domain.ts'
import { ask } from './hypervisor.ts'
import { allRecords, hostRecord } from './record-file.ts'
import { counterSource } from './source.ts'
import { counterTarget } from './target.ts'

/** An open connection to one hypervisor. Once the host's channel is closed, all of its calls reject by themselves. */
export async function connectCounter(
  uri: ConnectionUri,
  at: CounterHost,
  call: CallOptions,
): Promise<DriverConnection> {
  const about = await aboutHypervisor(at, call)
  const close = (): Promise<void> => at.host.close()
  return {
    uri,
    capabilities: COUNTER_CAPABILITIES,
    // a machine may have several of them: each is a host of its own
    hostId: about?.id ?? at.host.id,
    hypervisor: about?.version ?? null,
    domains: async (options) => (await guestsOf(at, options)).map(domainOf),
    domain: async (name, options) => domainOf(await guestNamed(at, name, options)),
    async claim(domain, epoch, options) {
      await ask(at, ['claim', domain, epoch], options)
      return { domain, epoch }
    },
    migrations: async (options) => (await allRecords(at, options)).map(hostRecord),
    source: counterSource(at),
    target: counterTarget(at),
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface About {
  readonly version: string
  readonly id: string
}

/** Null where no hypervisor listens: such a host still connects. */
async function aboutHypervisor(at: CounterHost, call: CallOptions): Promise<About | null> {
  try {
    return await ask<About>(at, ['about'], call)
  } catch (error) {
    if (isVmError(error, 'VM_NOT_FOUND') || isVmError(error, 'VM_CONNECTION')) return null
    throw isVmError(error)
      ? error
      : vmError('VM_PROTOCOL', 'it is not counter that listens', { cause: error })
  }
}
