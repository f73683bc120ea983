import {
  type CallOptions,
  type Capabilities,
  type Clock,
  type ConnectionUri,
  type DriverConnection,
  type Incoming,
  type Outgoing,
  type RecalledSource,
  type RecalledTarget,
  vmError,
} from '@vmferry/core/driver'
import type { Narrowing } from '../capabilities.ts'
import { addressText, targetAddress } from './address.ts'
import { callBoard } from './call-board.ts'
import { dial } from './dial.ts'
import { remoteHalf } from './remote-half.ts'
import { overTcp } from './tcp-capabilities.ts'

/** Where a connection leads, and what it is to be like. */
export interface RemotePlace {
  /** Name of the host at the test host's process. */
  readonly host: string
  readonly capabilities: Capabilities
  readonly narrowing: Narrowing
  readonly clock: Clock
}

/** Connects to a host of a world in another process. Rejects as {@link dial}, VM_NOT_FOUND for a host that it has not. */
export async function connectRemote(
  uri: ConnectionUri,
  { host, capabilities, narrowing, clock }: RemotePlace,
  options: CallOptions,
): Promise<DriverConnection> {
  const address = targetAddress(uri, null)
  const peer = addressText(address)
  const board = callBoard(peer, (line) => lines.write(line))
  const { answer, lines } = await dial(address, { for: 'control', host, ...narrowing }, board, clock, options)
  const { hostId, hypervisor } = answer
  const ask = <T>(method: string, given: readonly unknown[], call: CallOptions): Promise<T> =>
    board.ask(method, given, call) as Promise<T>
  const half = async <T>(method: string, given: readonly unknown[], call: CallOptions): Promise<T> =>
    remoteHalf(board, await board.ask(method, given, call)) as T

  const connection: DriverConnection = {
    uri,
    capabilities: overTcp(capabilities),
    hostId: typeof hostId === 'string' ? hostId : null,
    hypervisor: typeof hypervisor === 'string' ? hypervisor : null,
    domains: (call) => ask('domains', [], call),
    domain: (name, call) => ask('domain', [name], call),
    claim: (domain, epoch, call) => ask('claim', [domain, epoch], call),
    migrations: (call) => ask('migrations', [], call),
    source: {
      check: (domain, request, call) => ask('checkSource', [domain, request], call),
      measure: (offer, request, call) => ask('measure', [offer, request], call),
      begin: (offer, request, call) => half<Outgoing>('begin', [offer, request], call),
      recall: (id, call) => half<RecalledSource>('recallSource', [id], call),
    },
    target: {
      check: (offer, request, call) => ask('checkTarget', [offer, request], call),
      prepare: (offer, request, call) => half<Incoming>('prepare', [offer, request], call),
      recall: (id, call) => half<RecalledTarget>('recallTarget', [id], call),
    },
    lifecycle: {
      start: (name, commandLine, call) => ask('start', [name, commandLine], call),
      stop: (name, how, call) => ask('stop', [name, how], call),
    },
    async close() {
      lines.close(vmError('VM_CONNECTION', `the connection ${uri.text} is closed`, { host: peer }))
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
  return connection
}
