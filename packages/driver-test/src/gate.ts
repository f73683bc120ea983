import {
  abortError,
  type CallOptions,
  type EffectOptions,
  isVmError,
  PHASES,
  type Phase,
  restated,
  sleep,
  type VmErrorDetails,
  vmError,
} from '@vmferry/core/driver'
import { heldEpoch } from './claim.ts'
import type { Fault, FaultPoint, FaultWhen } from './faults.ts'
import { strikeFault } from './strike.ts'
import type { TestHost } from './test-host.ts'

/** Where a call goes. */
export interface Visit {
  readonly at: FaultPoint
  readonly side: 'source' | 'target' | null
  readonly domain: string | null
}

/** Lets the faults that are planned for the middle of a call strike. */
export type During = () => Promise<void>

/** What a call does on its host. `heard` are its options as they arrive there. */
export type Work<C, T> = (during: During, heard: C) => Promise<T> | T

/** Points whose work has a middle; elsewhere `during` is `before`. */
const WITH_MIDDLE: ReadonlySet<FaultPoint> = new Set([
  'prepare',
  'perform',
  'finish',
  'confirm',
  'abort',
] as const)

/** Every call to a host goes through here: it must be reachable, and faults strike on the way. */
export async function visit<T, C extends CallOptions>(
  at: TestHost,
  place: Visit,
  call: C,
  work: Work<C, T>,
): Promise<T> {
  const { host, world } = at
  const where = details(place, host.name)
  const strike = (when: FaultWhen): Promise<Fault | null> =>
    strikeFault(at, { ...place, host: host.name, when }, where, call.signal)
  const during = async (): Promise<void> => {
    await strike('during')
  }
  const deliver = async (heard: C): Promise<T> => {
    if (!WITH_MIDDLE.has(place.at)) await during()
    return work(during, heard)
  }
  refuseUnanswered(at, where)
  if (call.signal.aborted) throw abortError(call.signal, place.at)
  const delivery = await strike('before')
  if (delivery?.kind === 'late') {
    const unheard = { ...call, signal: new AbortController().signal, onProgress: () => {} }
    world.clock.schedule(delivery.delayMs ?? 1_000, () => {
      deliver(unheard).catch(() => {})
    })
    throw vmError(delivery.code ?? 'VM_TIMEOUT', `${place.at} on ${host.name} is late, as planned`, where)
  }
  if (delivery?.kind === 'duplicate') await deliver(call).catch(() => {})
  const result = await deliver(call)
  await strike('after')
  refuseUnanswered(at, where)
  return result
}

/**
 * The same for a call that changes the host: what fencing keeps out has no effect. Where the host itself compares
 * epochs, comparison and effect are one event. Elsewhere they are two, and another event may come between them.
 */
export async function visitWithEffect<T>(
  at: TestHost,
  place: Visit & { readonly domain: string },
  call: EffectOptions,
  work: Work<EffectOptions, T>,
): Promise<T> {
  const { world, session } = at
  const admit = (): void => refuseFenced(at, place.domain, call.epoch)
  return visit(at, place, call, async (during, heard) => {
    admit()
    if (session.fencing !== 'host') {
      session.domains.add(place.domain)
      await sleep(world.clock, 0, heard.signal)
      admit()
    }
    // another controller may have claimed meanwhile
    return work(() => during().then(admit), heard)
  })
}

/** VM_STALE, or what ended the session, if another controller has the domain. */
export function refuseFenced({ host, session }: TestHost, domain: string, epoch: number): void {
  const held = heldEpoch(host, domain)
  if (session.fencing === 'session') session.ended.throwIfAborted()
  if (session.fencing !== 'host' || epoch >= held) return
  throw vmError('VM_STALE', `${host.name} holds epoch ${held} of '${domain}', the call has ${epoch}`, {
    host: host.name,
    remedy: 'another controller has taken over: look at the domain first',
  })
}

/** VM_CONNECTION if the host is not reachable; what the session ended with if it has. */
export function refuseUnanswered({ host, session }: TestHost, where: VmErrorDetails): void {
  const { reason } = session.ended as { readonly reason: unknown }
  if (isVmError(reason)) throw restated(reason, where)
  if (!host.reachable) throw vmError('VM_CONNECTION', `${host.name} cannot be reached`, where)
}

function details({ at }: Visit, host: string): VmErrorDetails {
  const phase = [...PHASES, 'abort' as const].find((name): name is Phase => name === at)
  return { host, ...(phase && { phase }) }
}
