import {
  abortError,
  type Clock,
  type EffectOptions,
  type Performed,
  sleep,
  type Tuning,
  vmError,
} from '@vmferry/core/driver'
import { type Fence, type Step } from '@vmferry/fence'
import type { MigrationInfo, MigrationParameters, QmpClient } from '@vmferry/qmp'
import { tell } from '../fence/step.ts'
import type { CopiedDisk } from '../storage/disks.ts'
import { yanking } from '../storage/mirror.ts'
import { shares } from '../storage/share.ts'
import { channels, sending } from './capabilities.ts'
import { firstDowntime } from './downtime.ts'
import { isOver } from './ending.ts'
import { figures, reportDisks } from './figures.ts'
import { type Followable, followed } from './follow.ts'
import { hasGoneOver, notStopped } from './post-copy.ts'

/** Bytes per second where no limit is asked for: ten gigabits, so that QEMU's estimate of the switchover stays sane. */
const DEFAULT_BANDWIDTH = 1_250_000_000

/** What became of a copy. */
export interface Copied {
  /** As far as it is known when the guest stands still. */
  readonly performed: Performed
  /** Asks for those of the whole copy, once nobody waits for the guest; null: that is all, or they come with the rest of the pages. */
  readonly figures: (() => Promise<Performed>) | null
}

/** Where the copy goes and what is told about it. */
export interface CopyOrder extends Followable {
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
  readonly memoryBytes: number
  /** Bytes per second as it was tuned last; 0: no limit. */
  bandwidth(): number
}

/**
 * Copies the guest: sets the limits and starts `migrate` through the fence, and follows it on the monitor to its end. The return path is always on: without
 * it `completed` only means that all bytes were written (measured on QEMU 7.2). A signal cancels the migration and waits
 * until QEMU says so, unless it was told to go over to post-copy. The figures of a copy that is complete are not asked for while the
 * guest stands still.
 */
export async function copyGuest(
  fence: Fence,
  monitor: QmpClient,
  order: CopyOrder,
  call: EffectOptions,
): Promise<Copied> {
  const { clock, request, host, to, record, before, follow, storage } = order
  const withDisks = storage.disks.length > 0
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
    const { info, disks, told } = await followed(fence, monitor, order, call)
    const performed = figures(info, disks)
    if (told) {
      const asked = (): Promise<MigrationInfo> =>
        monitor.execute('query-migrate', {}, { signal: AbortSignal.timeout(FIGURES_LIMIT) })
      return {
        performed,
        figures: () =>
          asked()
            .then((last) => figures(last, disks))
            .catch(() => performed),
      }
    }
    if (info.status === 'completed') return { performed, figures: null }
    if (hasGoneOver(info)) return { performed: { ...performed, postCopy: true }, figures: null }
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
  }
}

/** Milliseconds that the end of the source's copy may wait for them. */
const FIGURES_LIMIT = 2_000

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

/** What a change of the limits is for the copy of the memory. */
export function tunedLimits({ bandwidth, maxDowntime }: Tuning, withDisks: boolean): MigrationParameters {
  return {
    // for QEMU 0 is no limit, as here
    ...(bandwidth !== undefined && {
      'max-bandwidth': Math.round(withDisks ? shares(bandwidth).memory : bandwidth),
    }),
    ...(maxDowntime !== undefined && { 'downtime-limit': Math.round(maxDowntime) }),
  }
}
