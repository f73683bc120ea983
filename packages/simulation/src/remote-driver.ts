import type {
  CallOptions,
  Driver,
  DriverConnection,
  EffectOptions,
  Incoming,
  MigrationSource,
  MigrationTarget,
  Outgoing,
  RecalledSource,
  RecalledTarget,
  Ticket,
} from '@vmferry/core'
import type { Controller } from './controller.ts'
import type { Network } from './network.ts'
import type { CallName } from './passage.ts'
import { remoteCall } from './remote-call.ts'

/** The driver as one controller has it: the driver's own code runs on the hosts, and each call crosses the network. */
export function remoteDriver(driver: Driver, network: Network, controller: Controller): Driver {
  return {
    ...driver,
    async connect(uri, context, call) {
      const host = uri.path.slice(1)
      const cross: Cross = (name, domain, options, work) => {
        const epoch = 'epoch' in options ? { epoch: options.epoch as number } : {}
        return remoteCall(network, controller, { host, call: name, domain, ...epoch }, options, work)
      }
      const there = await cross('connect', '', call, (heard) => driver.connect(uri, context, heard))
      return remoteConnection(there, cross)
    },
  }
}

/** Lets a call to this host cross the network. */
type Cross = <C extends CallOptions, T>(
  call: CallName,
  domain: string,
  options: C,
  work: (heard: C) => Promise<T>,
) => Promise<T>

function remoteConnection(there: DriverConnection, cross: Cross): DriverConnection {
  const { source, target } = there
  return {
    uri: there.uri,
    capabilities: there.capabilities,
    hostId: there.hostId,
    hypervisor: there.hypervisor,
    domains: (call) => cross('domains', '', call, (heard) => there.domains(heard)),
    domain: (name, call) => cross('domain', name, call, (heard) => there.domain(name, heard)),
    migrations: (call) => cross('migrations', '', call, (heard) => there.migrations(heard)),
    claim: (domain, epoch, call) =>
      cross('claim', domain, { ...call, epoch }, (heard) => there.claim(domain, epoch, heard)),
    ...(source && { source: remoteSource(source, cross) }),
    ...(target && { target: remoteTarget(target, cross) }),
    close: () => there.close(),
    [Symbol.asyncDispose]: () => there.close(),
  }
}

function remoteSource({ check, begin, recall }: MigrationSource, cross: Cross): MigrationSource {
  const half = <H extends Outgoing | RecalledSource>(there: H): H => {
    const { domain } = there.offer
    return { ...there, ...sendingEnd(there, domain, cross) }
  }
  return {
    check: (domain, request, call) => cross('check', domain, call, (heard) => check(domain, request, heard)),
    begin: async (offer, request, call) =>
      half(await cross('begin', offer.domain, call, (heard) => begin(offer, request, heard))),
    recall: async (id, call) => half(await cross('recall', '', call, (heard) => recall(id, heard))),
  }
}

function sendingEnd(there: Outgoing | RecalledSource, domain: string, cross: Cross): Partial<Outgoing> {
  const { handOver, drain } = there
  return {
    ...('perform' in there && {
      perform: (ticket, dial, call) =>
        cross('perform', domain, call, (heard) => there.perform(ticket, dial, heard)),
    }),
    ...(handOver && { handOver: (call: EffectOptions) => cross('hand-over', domain, call, handOver) }),
    ...(drain && {
      drain: (call: EffectOptions, again?: Ticket) =>
        cross('drain', domain, call, (heard) => drain(heard, again)),
    }),
    confirm: (call) => cross('confirm', domain, call, (heard) => there.confirm(heard)),
    abort: (reason, call) => cross('abort', domain, call, (heard) => there.abort(reason, heard)),
    inspect: (call) => cross('inspect', domain, call, (heard) => there.inspect(heard)),
  }
}

function remoteTarget({ check, prepare, recall }: MigrationTarget, cross: Cross): MigrationTarget {
  const half = <H extends Incoming | RecalledTarget>(there: H, domain: string): H => {
    const { ready, reopen } = there
    return {
      ...there,
      ...(ready && { ready: (call: EffectOptions) => cross('ready', domain, call, ready) }),
      ...(reopen && { reopen: (call: EffectOptions) => cross('reopen', domain, call, reopen) }),
      finish: (call) => cross('finish', domain, call, (heard) => there.finish(heard)),
      abort: (reason, call) => cross('abort', domain, call, (heard) => there.abort(reason, heard)),
      inspect: (call) => cross('inspect', domain, call, (heard) => there.inspect(heard)),
    }
  }
  return {
    check: (offer, request, call) =>
      cross('check', offer.domain, call, (heard) => check(offer, request, heard)),
    prepare: async (offer, request, call) => {
      const domain = request.rename ?? offer.domain
      return half(await cross('prepare', domain, call, (heard) => prepare(offer, request, heard)), domain)
    },
    recall: async (id, call) => {
      const there = await cross('recall', '', call, (heard) => recall(id, heard))
      return half(there, there.record.domain)
    },
  }
}
