import {
  abortError,
  type Clock,
  type EffectOptions,
  type MigrationRequest,
  type Performed,
  sleep,
  vmError,
} from '@vmferry/core/driver'
import { type Fence, type Step } from '@vmferry/fence'
import type { MigrationInfo, MigrationParameters, QmpClient } from '@vmferry/qmp'
import { tell } from '../fence/step.ts'
import type { CopiedDisk } from '../storage/disks.ts'
import { type DiskFigures, type StorageCopy, yanking } from '../storage/mirror.ts'
import { shares } from '../storage/share.ts'
import { channels, sending } from './capabilities.ts'
import { convergence, type Need } from './convergence.ts'
import { downtimeOf, firstDowntime } from './downtime.ts'
import { figures, report, reportDisks } from './figures.ts'
import { hasGoneOver, notStopped, type Turn } from './post-copy.ts'

/** Bytes per second where no limit is asked for: ten gigabits, so that QEMU's estimate of the switchover stays sane. */
const DEFAULT_BANDWIDTH = 1_250_000_000

/** How often the figures are asked for: often at first, as most copies are short; at once until there are any. */
const POLL = { none: 5, first: 100, later: 500, firstFor: 3_000 }

/** Where the copy goes and what is told about it. */
export interface CopyOrder {
  readonly host: string
  readonly clock: Clock
  /** QEMU's migration URI. */
  readonly to: string
  /** Names of the capabilities that QEMU has. */
  readonly known: readonly string[]
  /** Files how QEMU was found, before anything is set. */
  readonly record: Step
  /** What QEMU is told of that way before. */
  readonly before: readonly Step[]
  /** What it is told right before it begins. */
  readonly follow: readonly Step[]
  readonly request: MigrationRequest
  readonly storage: StorageCopy
  readonly memoryBytes: number
  /** Bytes per second as it was tuned last; 0: no limit. */
  bandwidth(): number
  /** Milliseconds that the guest may stand still, as it was tuned while it is copied; null: it was not. */
  tunedDowntime(): number | null
  /** What QEMU says once the copy is complete: it is asked by itself then. Null: it is not. */
  complete(): Promise<readonly [unknown, MigrationInfo]> | null
  /** Its way into post-copy. */
  readonly turn: Turn
}

/**
 * Copies the guest: sets the limits and starts `migrate` through the fence, and follows it on the monitor to its end. The return path is always on: without
 * it `completed` only means that all bytes were written (measured on QEMU 7.2). A signal cancels the migration and waits
 * until QEMU says so, unless it was told to go over to post-copy.
 */
export async function copyGuest(
  fence: Fence,
  monitor: QmpClient,
  order: CopyOrder,
  call: EffectOptions,
): Promise<Performed> {
  const { clock, request, host, to, record, before, follow, storage } = order
  const withDisks = storage.disks.length > 0
  const ending = watchEnding(monitor)
  const stopped = (): void => call.onProgress?.({ type: 'stopped' })
  const forget = monitor.on('STOP', stopped)
  try {
    if (withDisks) {
      await fence.act([record, ...before, ...(request.live ? [] : [tell('stop')])], call)
      if (!request.live) stopped()
    }
    await storage.copy((disks) => reportDisks(disks, order.memoryBytes, call), call)
    const start = [
      ...(withDisks ? [] : [record]),
      tell('migrate-set-capabilities', {
        capabilities: sending(request, withDisks, order.known),
      }),
      tell('migrate-set-parameters', { ...limitsOf(order), ...channels(request) }),
      ...(withDisks ? [] : before),
      ...(request.live ? [] : [tell('stop')]),
      ...follow,
      tell('migrate', { uri: to }),
    ]
    await fence.act(start, call)
    if (!request.live) stopped()
    const { info, disks } = await followed(fence, monitor, order, ending, call)
    if (info.status === 'completed') return figures(info, disks)
    if (hasGoneOver(info)) return { ...figures(info, disks), postCopy: true }
    const words = info['error-desc'] ?? `query-migrate says ${info.status}`
    throw vmError('VM_PHASE_FAILED', `QEMU on ${host} stopped sending: ${words}`, {
      host,
      causes: [{ host, words }],
      remedy: 'look at the causes from both hosts; the guest was not moved',
    })
  } catch (error) {
    if (!call.signal.aborted && !withDisks) throw error
    if (order.turn.told) throw notStopped(host)
    await cancelCopy(fence, clock, storage.disks, { ...call, signal: AbortSignal.timeout(PATIENCE) })
    if (!call.signal.aborted) throw error
    throw abortError(call.signal, 'the copy')
  } finally {
    forget()
    ending.forget()
  }
}

/** Milliseconds in which a cancelled migration must have ended. */
const PATIENCE = 12_000

/**
 * Cancels a migration that may be under way and waits until it has ended, whichever way. Never in post-copy. The copy of disks
 * is broken off before: QEMU 7.2 takes no command while a cancelled migration waits for writes to a silent link (measured).
 */
export async function cancelCopy(
  fence: Fence,
  clock: Clock,
  disks: readonly CopiedDisk[],
  call: EffectOptions,
): Promise<void> {
  const [before] = await fence.ask([tell('query-migrate')], call)
  if (isOver(before.status)) return
  if (before.status?.startsWith('postcopy'))
    throw vmError('VM_PHASE_FAILED', 'a migration in post-copy cannot be cancelled without losing the guest')
  const answers = await fence.act([...yanking(disks), tell('migrate_cancel'), tell('query-migrate')], call)
  for (let { status } = answers.at(-1) as MigrationInfo; !isOver(status); ) {
    await sleep(clock, 20, call.signal)
    const [now] = await fence.ask([tell('query-migrate')], call)
    status = now.status
  }
}

function limitsOf({ request, storage, bandwidth, tunedDowntime }: CopyOrder): MigrationParameters {
  const limit = storage.disks.length > 0 ? shares(bandwidth()).memory : bandwidth()
  return {
    'max-bandwidth': limit || DEFAULT_BANDWIDTH,
    'downtime-limit': tunedDowntime() ?? firstDowntime(request.maxDowntime),
    // what is behind a missing page waits for it: as fast as can be, unless a limit was asked for
    ...(request.postCopy && { 'max-postcopy-bandwidth': request.bandwidth }),
  }
}

/** Asks for the figures until the migration has ended; an event of its end wakes it early. */
async function followed(
  fence: Fence,
  monitor: QmpClient,
  order: CopyOrder,
  ending: Ending,
  call: EffectOptions,
): Promise<{ readonly info: MigrationInfo; readonly disks: DiskFigures }> {
  const { clock, host, request, storage, tunedDowntime } = order
  let disks = await storage.look(call)
  let held = storage.disks.length > 0
  const from = clock.monotonic()
  const watch = convergence(() => {
    const tuned = tunedDowntime()
    const wanted = request.maxDowntime
    return tuned === null
      ? { given: firstDowntime(wanted), most: downtimeOf(wanted) }
      : { given: tuned, most: tuned }
  })
  for (;;) {
    const told = await order.complete()
    const info = told ? told[1] : await monitor.execute('query-migrate', {}, call)
    if (held) disks = await storage.look(call)
    report(info, disks, call)
    if (isOver(info.status) || hasGoneOver(info)) return { info, disks }
    if (held && info.status === 'pre-switchover') {
      // the guest stands still until both have been done
      await storage.finish(tell('migrate-continue', { state: 'pre-switchover' }), call)
      held = false
      continue
    }
    const { ram } = info
    const need = ram && info.status === 'active' ? watch.look(ram['dirty-sync-count'], ram.remaining) : null
    if (info.status === 'active' && order.turn.isDue(need)) await order.turn.take(fence, call)
    else if (need) await helpAlong(fence, need, order, call)
    const usual = clock.monotonic() - from < POLL.firstFor ? POLL.first : POLL.later
    const pause = info.ram ? usual : POLL.none
    await Promise.race([sleep(clock, pause, call.signal), ending.reached, ...(held ? [ending.held] : [])])
    if (ending.lost())
      throw vmError('VM_CONNECTION', `the monitor of the guest on ${host} has gone`, { host })
  }
}

/** A guest that is written to as fast as it is copied: it may stand still for longer, or the user is told. */
async function helpAlong(
  fence: Fence,
  need: NonNullable<Need>,
  { host, request }: CopyOrder,
  call: EffectOptions,
): Promise<void> {
  const tellUser = (code: string, message: string): void =>
    call.onProgress?.({ type: 'warning', code, message })
  const reason = `the guest on ${host} writes about as fast as it is copied`
  if (need === 'help') {
    const ways = '--max-downtime, --auto-converge, --timeout-action suspend, or more bandwidth'
    // QEMU can do either, not both
    const anew = request.postCopy || request.connections > 1 ? '' : '; or migrate it anew with --postcopy'
    return tellUser('not-converging', `${reason}: what may help is ${ways}${anew}`)
  }
  await fence.act([tell('migrate-set-parameters', { 'downtime-limit': need.downtime })], call)
  tellUser('downtime-raised', `${reason}: it may now stand still for ${need.downtime} ms at its end`)
}

function isOver(status: string | undefined): boolean {
  return status === undefined || ['none', 'completed', 'failed', 'cancelled'].includes(status)
}

/** The end of a migration as events tell it. */
interface Ending {
  readonly reached: Promise<void>
  /** QEMU waits with a guest that stands still until its disks are done. */
  readonly held: Promise<void>
  lost(): boolean
  forget(): void
}

function watchEnding(monitor: QmpClient): Ending {
  let gone = false
  let forget = (): void => {}
  let hold = (): void => {}
  const held = new Promise<void>((resolve) => {
    hold = resolve
  })
  const reached = new Promise<void>((resolve) => {
    forget = monitor.on('MIGRATION', ({ data }) => {
      if (data.status === 'pre-switchover') hold()
      if ((isOver(data.status) && data.status !== 'none') || hasGoneOver(data)) resolve()
    })
    void monitor.closed.then(() => {
      gone = true
      resolve()
    })
  })
  return { reached, held, lost: () => gone, forget }
}
