import {
  abortError,
  type CallOptions,
  type EffectOptions,
  PHASES,
  type Phase,
  type VmErrorDetails,
  vmError,
} from '@vmferry/core/driver'
import type { FaultKind, FaultPlace, FaultPoint, FaultWhen } from './faults.ts'
import type { TestHost } from './test-host.ts'

/** Where a call goes. */
export interface Visit {
  readonly at: FaultPoint
  readonly side: 'source' | 'target' | null
  readonly domain: string | null
}

/** Lets the faults that are planned for the middle of a call strike. */
export type During = () => Promise<void>

/** Points whose work has a middle; elsewhere `during` is `before`. */
const WITH_MIDDLE: ReadonlySet<FaultPoint> = new Set([
  'prepare',
  'perform',
  'finish',
  'confirm',
  'abort',
] as const)

/** Every call to a host goes through here: it must be reachable, and faults strike on the way. */
export async function visit<T>(
  at: TestHost,
  place: Visit,
  { signal }: CallOptions,
  work: (during: During) => Promise<T> | T,
): Promise<T> {
  const strike = (when: FaultWhen): Promise<void> =>
    strikeFault(at, { ...place, host: at.host.name, when }, signal)
  answers(at, place)
  if (signal.aborted) throw abortError(signal, place.at)
  await strike('before')
  if (!WITH_MIDDLE.has(place.at)) await strike('during')
  const result = await work(() => strike('during'))
  await strike('after')
  answers(at, place)
  return result
}

/** The same for a call that changes the host: one of an epoch that is lower than the host's has no effect. */
export async function visitWithEffect<T>(
  at: TestHost,
  place: Visit & { readonly domain: string },
  call: EffectOptions,
  work: (during: During) => Promise<T> | T,
): Promise<T> {
  return visit(at, place, call, (during) => {
    const refuse = (): void => refuseStale(at, place.domain, call.epoch)
    refuse()
    // another controller may have claimed meanwhile
    return work(() => during().then(refuse))
  })
}

function refuseStale({ host, capabilities }: TestHost, domain: string, epoch: number): void {
  const held = host.epochs.get(domain) ?? 0
  if (capabilities.fencing === 'none' || epoch >= held) return
  throw vmError('VM_STALE', `${host.name} holds epoch ${held} of '${domain}', the call has ${epoch}`, {
    host: host.name,
    remedy: 'another controller has taken over: look at the domain first',
  })
}

function answers({ host, open }: TestHost, place: Visit): void {
  if (open() && host.reachable) return
  const why = open() ? `${host.name} cannot be reached` : `the connection to ${host.name} is closed`
  throw vmError('VM_CONNECTION', why, details(place, host.name))
}

async function strikeFault({ world, host }: TestHost, place: FaultPlace, signal: AbortSignal): Promise<void> {
  const fault = world.faults.take(place)
  if (!fault) return
  const reject = (code: string, what: string): never => {
    throw vmError(fault.code ?? code, `${place.at} on ${host.name} ${what}`, details(place, host.name))
  }
  const acts: Readonly<Record<FaultKind, () => Promise<void> | void>> = {
    fail: () =>
      place.when === 'after'
        ? reject('VM_CONNECTION', 'happened, then the connection broke, as planned')
        : reject('VM_PHASE_FAILED', 'failed, as planned'),
    hang: () => untilAborted(signal, place.at),
    'lose-request': () => reject('VM_TIMEOUT', 'was never heard of, as planned'),
    'lose-answer': () => reject('VM_TIMEOUT', 'gave no answer, as planned'),
    crash: () => {
      if (place.domain !== null && host.guests.has(place.domain)) host.crash(place.domain)
    },
  }
  await acts[fault.kind]()
}

function untilAborted(signal: AbortSignal, what: string): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(abortError(signal, what))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function details({ at }: Visit, host: string): VmErrorDetails {
  const phase = [...PHASES, 'abort' as const].find((name): name is Phase => name === at)
  return { host, ...(phase && { phase }) }
}
