import {
  type Cause,
  type CopyState,
  type GuestStates,
  restated,
  type VmError,
  type VmErrorDetails,
  vmError,
} from '../driver/index.ts'
import { now } from './look.ts'
import type { Outcome } from './outcome.ts'
import type { Run } from './run.ts'

/** How a migration ended that did not go straight. */
export interface Settled {
  readonly outcome: Outcome
  /** The error to report; null when it came to a good end all the same. */
  readonly error: VmError | null
}

/** Another controller has this migration now: what becomes of it is for that one to say. */
export async function superseded(run: Run, failure: VmError): Promise<Settled> {
  const message = `another controller has taken ${run.domain} over: ${failure.message}`
  const remedy = `ask that controller; or look: vmferry list ${run.request.source.uri.text}`
  const error = vmError('VM_STALE', message, { ...evidence(run, failure), remedy })
  const guest: GuestStates = { source: await now(run), target: 'unknown' }
  return { outcome: 'inDoubt', error: told(run, error, 'inDoubt', guest) }
}

/** A host gives no answer that could still do something: nothing is changed, not at the other one either. */
export function unclaimed(run: Run, side: 'source' | 'target', failure: VmError): Settled {
  const { source, target, domain, at } = run
  const { host } = run[side]
  if (at.prepared)
    at.pending.push({ side: 'target', what: `the incoming copy on ${target.host}, if there is one` })
  at.pending.push({ side: 'source', what: `the hold on ${domain} on ${source.host}` })
  const message = `${host} gives no answer, so nothing was changed for ${domain}: ${failure.message}`
  const remedy = onceAnswered(run, side)
  const error = vmError('VM_IN_DOUBT', message, { ...evidence(run, failure), remedy, host })
  const guest: GuestStates = {
    source: side === 'source' ? 'unknown' : 'stopped',
    target: side === 'target' ? 'unknown' : at.prepared ? 'stopped' : 'none',
  }
  return { outcome: 'inDoubt', error: told(run, error, 'inDoubt', guest) }
}

/** Whether the target runs cannot be known, and the source is kept stopped. */
export function inDoubt(run: Run, failure: VmError, source: CopyState, target: CopyState): Settled {
  const { domain } = run
  const message =
    target.run === 'running' && !target.complete
      ? `${domain} runs on ${run.target.host}, and some of its memory is still on ${run.source.host}: neither may be ended`
      : `${domain} was handed to ${run.target.host}, which cannot say whether it runs; the copy on ${run.source.host} is kept stopped`
  const remedy = onceAnswered(run, 'target')
  const error = vmError('VM_IN_DOUBT', message, { ...evidence(run, failure, source, target), remedy })
  const guest: GuestStates = { source: inWords(source), target: inWords(target) }
  return { outcome: 'inDoubt', error: told(run, error, 'inDoubt', guest) }
}

/** Both copies are proved gone, or one of the two that post-copy had spread the guest over. */
export function lost(run: Run, failure: VmError, source: CopyState, target: CopyState): Settled {
  const { domain } = run
  const dead = source.run === 'gone' ? run.source.host : run.target.host
  const what =
    source.run === 'gone' && target.run === 'gone'
      ? `both copies of ${domain} are gone`
      : `${domain} was spread over both hosts, and its hypervisor on ${dead} is gone`
  const message = `${what}: ${failure.message}`
  const error = vmError('VM_LOST', message, evidence(run, failure, source, target))
  return { outcome: 'lost', error: told(run, error, 'lost', { source: 'none', target: 'none' }) }
}

/** Rolled back to a source that is not there any more. */
export function sourceLost(run: Run, failure: VmError, guest: GuestStates): Settled {
  const message = `the hypervisor of ${run.domain} on ${run.source.host} is gone: ${failure.message}`
  const error = vmError('VM_LOST', message, evidence(run, failure))
  return { outcome: 'lost', error: told(run, error, 'lost', guest) }
}

/** Rolled back to a source that is not there any more, and the target does not say what it has. */
export function targetUnknown(run: Run, failure: VmError, guest: GuestStates): Settled {
  const { domain, source, target } = run
  const message = `${domain} is not on ${source.host} any more, and ${target.host} cannot say what it has: ${failure.message}`
  const remedy = onceAnswered(run, 'target')
  const error = vmError('VM_IN_DOUBT', message, { ...evidence(run, failure), remedy })
  return { outcome: 'inDoubt', error: told(run, error, 'inDoubt', guest) }
}

/** Rolled back to a source that does not say what it does. */
export function sourceUnknown(run: Run, failure: VmError, guest: GuestStates): Settled {
  const { domain } = run
  const message = `${run.source.host} cannot say whether ${domain} runs again: ${failure.message}`
  const remedy = onceAnswered(run, 'source')
  const error = vmError('VM_IN_DOUBT', message, { ...evidence(run, failure), remedy })
  return { outcome: 'inDoubt', error: told(run, error, 'inDoubt', guest) }
}

/** The error as the user gets it: with where it happened, how it ended and what the guest does now. */
export function told(run: Run, error: VmError, outcome: Outcome, guest: GuestStates): VmError {
  const { phase = run.at.phase, host = run.source.host, remedy = defaultRemedy(outcome) } = error
  return restated(error, { phase, host, remedy, outcome, guest })
}

/** The next safe command where a host has to be asked first. */
function onceAnswered(run: Run, side: 'source' | 'target'): string {
  return `once ${run[side].host} answers: vmferry recover ${run.id}; or look: vmferry list ${run.request[side].uri.text}`
}

function defaultRemedy(outcome: Outcome): string {
  return outcome === 'rolledBack'
    ? 'remove the cause, then migrate again'
    : 'look at both hosts before anything else'
}

function evidence(run: Run, failure: VmError, source?: CopyState, target?: CopyState): VmErrorDetails {
  const words = (host: string, state?: CopyState): Cause[] =>
    (state?.evidence ?? []).map((line) => ({ host, words: line }))
  return {
    phase: failure.phase ?? run.at.phase,
    host: run.target.host,
    causes: [
      { host: failure.host ?? 'controller', words: failure.message },
      ...failure.causes,
      ...words(run.source.host, source),
      ...words(run.target.host, target),
    ],
    cause: failure,
  }
}

function inWords({ run }: CopyState): GuestStates['source'] {
  if (run === 'gone') return 'none'
  return run === 'off' ? 'stopped' : run
}
