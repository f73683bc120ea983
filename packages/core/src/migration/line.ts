import {
  abortError,
  type ChosenRequest,
  type Dial,
  type Incoming,
  type MigrationSource,
  type MigrationTarget,
  type Offer,
  type Outgoing,
  type Performed,
  type Ticket,
  vmError,
} from '../driver/index.ts'
import { checkBothSides, refuseBlockers } from './check.ts'
import { claimBoth } from './claim.ts'
import { watchProgress } from './progress-watch.ts'
import { ask, inPhase, note, type Run, type Step } from './run.ts'

/**
 * The way of a migration, from top to bottom: check, check, begin, prepare, perform, ready, hand over, commit, finish,
 * drain, confirm. What follows a failure is in `settle.ts`.
 */
export async function migrateByPhases(run: Run): Promise<void> {
  const request = await check(run)
  const outgoing = await begin(run, request)
  const incoming = await prepare(run, request, outgoing)
  const performed = await perform(run, outgoing, incoming)
  await ready(run, incoming)
  await handOver(run, outgoing)
  await commit(run)
  await finish(run, incoming)
  if (performed.postCopy) await drain(run, outgoing)
  await confirm(run, outgoing)
}

/** Both sides look; nothing is changed. From `migration-start` on, hosts are. */
export async function check(run: Run): Promise<ChosenRequest> {
  const { limits, source, target } = run
  const way = await inPhase(run, 'check', () =>
    checkBothSides(run.domain, run.request, source.connection(), target.connection(), (side, call) =>
      ask(run, side, { phase: 'check', limit: limits.check }, call),
    ),
  )
  run.at.offer = way.offer
  run.at.held = way.held
  refuseBlockers(way.findings, run.request)
  if (way.refusal) throw way.refusal
  if (!way.chosen) throw vmError('VM_PHASE_FAILED', 'the check found no way', { phase: 'check' })
  const { request, why } = way.chosen
  run.at.transport = request.transport
  run.at.why = why
  const { domain, driver } = run
  const uris = { source: request.source.uri.text, target: request.target.uri.text }
  run.log.emit({ type: 'migration-start', ...uris, domain, driver, transport: request.transport, why })
  for (const { code, message } of way.findings) run.log.emit({ type: 'warning', code, message })
  return request
}

async function begin(run: Run, request: ChosenRequest): Promise<Outgoing> {
  const step: Step = { phase: 'begin', limit: run.limits.begin }
  const outgoing = await inPhase(run, 'begin', async () => {
    await claimBoth(run, step)
    run.at.begun = true
    const sender = run.source.connection().source as MigrationSource
    const offer = run.at.offer as Offer
    return ask(run, 'source', step, (call) => sender.begin(offer, request, call))
  })
  run.at.outgoing = outgoing
  return outgoing
}

async function prepare(run: Run, request: ChosenRequest, { offer }: Outgoing): Promise<Incoming> {
  await note(run, 'prepare')
  run.at.prepared = true
  const receiver = run.target.connection().target as MigrationTarget
  const incoming = await inPhase(run, 'prepare', () =>
    ask(run, 'target', { phase: 'prepare', limit: run.limits.prepare }, (call) =>
      receiver.prepare(offer, request, call),
    ),
  )
  run.at.incoming = incoming
  return incoming
}

async function perform(run: Run, outgoing: Outgoing, incoming: Incoming): Promise<Performed> {
  const dial: Dial = (endpoint) =>
    ask(run, 'target', { phase: 'perform', limit: run.limits.prepare }, (call) => {
      if (!incoming.dial) throw vmError('VM_UNSUPPORTED', 'the target has no way in through the controller')
      return incoming.dial(endpoint, call)
    })
  const watch = watchProgress(run)
  try {
    const performed = await inPhase(run, 'perform', () =>
      ask(run, 'source', { phase: 'perform', limit: null, ...watch }, (call) =>
        outgoing.perform(incoming.ticket, dial, call),
      ),
    )
    run.at.performed = performed
    return performed
  } finally {
    watch.end()
  }
}

async function ready(run: Run, incoming: Incoming): Promise<void> {
  if (!incoming.ready) return
  await inPhase(run, 'ready', () =>
    ask(run, 'target', { phase: 'ready', limit: run.limits.ready }, async (call) => incoming.ready?.(call)),
  )
}

async function handOver(run: Run, outgoing: Outgoing): Promise<void> {
  if (!outgoing.handOver) return
  await inPhase(run, 'hand-over', () =>
    ask(run, 'source', { phase: 'hand-over', limit: run.limits.handOver }, async (call) =>
      outgoing.handOver?.(call),
    ),
  )
}

/** The commit point: from here on a cancel comes too late, and only the target may run. Post-copy has passed it already. */
async function commit(run: Run): Promise<void> {
  if (run.cancelled.aborted && !run.at.postCopy) throw abortError(run.cancelled, 'the migration')
  run.at.committing = true
  try {
    await note(run, 'committing')
  } catch (error) {
    // what is not on file must not happen: whoever came after us would take it for a migration before its commit
    run.at.committing = false
    throw error
  }
}

export async function finish(run: Run, incoming: Pick<Incoming, 'finish'>): Promise<void> {
  const { at, clock, limits } = run
  await inPhase(run, 'finish', () =>
    ask(run, 'target', { phase: 'finish', limit: limits.finish, mayCancel: false }, (call) =>
      incoming.finish(call),
    ),
  )
  if (at.downtimeMs !== null || at.stoppedAt === null) return
  at.downtimeMs = Math.round(clock.monotonic() - at.stoppedAt)
  run.log.emit({ type: 'switchover', downtimeMs: at.downtimeMs })
}

/** Post-copy: the rest of the pages. `again`: where the target listens anew after the link was lost. */
export async function drain(run: Run, outgoing: Pick<Outgoing, 'drain'>, again?: Ticket): Promise<void> {
  if (!outgoing.drain)
    throw vmError('VM_UNSUPPORTED', `the driver ${run.driver} cannot say when post-copy has come to its end`)
  const watch = watchProgress(run)
  try {
    await inPhase(run, 'drain', () =>
      ask(run, 'source', { phase: 'drain', limit: null, ...watch, mayCancel: false }, async (call) =>
        outgoing.drain?.(call, again),
      ),
    )
  } finally {
    watch.end()
  }
}

export async function confirm(run: Run, outgoing: Pick<Outgoing, 'confirm'>): Promise<void> {
  const figures = await inPhase(run, 'confirm', () =>
    ask(run, 'source', { phase: 'confirm', limit: run.limits.confirm, mayCancel: false }, (call) =>
      outgoing.confirm(call),
    ),
  )
  if (figures) run.at.performed = figures
}
