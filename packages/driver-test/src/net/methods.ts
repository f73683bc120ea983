import type { DriverConnection, EffectOptions } from '@vmferry/core/driver'
import type { Half } from './half.ts'

/** Arguments as they came: whoever is called takes them as they are, and what that breaks is the caller's error. */
export type Arguments = readonly [never, never]

type ConnectionMethod = (on: DriverConnection, given: Arguments, call: EffectOptions) => Promise<unknown>
type HalfMethod = (on: Half, given: Arguments, call: EffectOptions) => Promise<unknown> | undefined

/** All that can be called on a connection over the network. */
export const CONNECTION_METHODS: ReadonlyMap<string, ConnectionMethod> = new Map<string, ConnectionMethod>([
  ['domains', (on, _, call) => on.domains(call)],
  ['domain', (on, [name], call) => on.domain(name, call)],
  ['claim', (on, [domain, epoch], call) => on.claim(domain, epoch, call)],
  ['migrations', (on, _, call) => on.migrations(call)],
  ['start', async (on, [name, commandLine], call) => on.lifecycle?.start(name, commandLine, call)],
  ['stop', async (on, [name, options], call) => on.lifecycle?.stop(name, options, call)],
  ['checkSource', async (on, [domain, request], call) => on.source?.check(domain, request, call)],
  ['measure', async (on, [offer, request], call) => on.source?.measure?.(offer, request, call)],
  ['checkTarget', async (on, [offer, request], call) => on.target?.check(offer, request, call)],
])

/** Those whose answer is a half of a migration. */
export const HALF_MAKERS: ReadonlyMap<string, ConnectionMethod> = new Map<string, ConnectionMethod>([
  ['begin', async (on, [offer, request], call) => on.source?.begin(offer, request, call)],
  ['prepare', async (on, [offer, request], call) => on.target?.prepare(offer, request, call)],
  ['recallSource', async (on, [id], call) => on.source?.recall(id, call)],
  ['recallTarget', async (on, [id], call) => on.target?.recall(id, call)],
])

const noDial = (): Promise<never> => Promise.reject(new Error('a test host sends over its own sockets'))

/** All that can be called on a half. What post-copy needs does not go over this wire. */
export const HALF_METHODS: ReadonlyMap<string, HalfMethod> = new Map<string, HalfMethod>([
  ['perform', (on, [ticket], call) => on.perform?.(ticket, noDial, call)],
  ['ready', (on, _, call) => on.ready?.(call)],
  ['handOver', (on, _, call) => on.handOver?.(call)],
  ['finish', (on, _, call) => on.finish?.(call)],
  ['confirm', (on, _, call) => on.confirm?.(call)],
  ['abort', (on, [reason], call) => on.abort?.(reason, call)],
  ['inspect', (on, _, call) => on.inspect?.(call)],
  ['tune', (on, [change], call) => on.tune?.(change, call)],
])
