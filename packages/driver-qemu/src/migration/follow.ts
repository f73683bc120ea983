import { type Clock, type EffectOptions, type MigrationRequest, sleep, vmError } from '@vmferry/core/driver'
import type { Fence } from '@vmferry/fence'
import type { MigrationInfo, QmpClient } from '@vmferry/qmp'
import { tell } from '../fence/step.ts'
import type { DiskFigures, StorageCopy } from '../storage/mirror.ts'
import { convergence, type Need } from './convergence.ts'
import { downtimeOf, firstDowntime } from './downtime.ts'
import { type Ending, isOver } from './ending.ts'
import { report } from './figures.ts'
import { hasGoneOver, type Turn } from './post-copy.ts'

/** How often the figures are asked for: often at first, as most copies are short; at once until there are any. */
const POLL = { none: 5, first: 100, later: 500, firstFor: 3_000 }

/** A copy that is under way. */
export interface Followable {
  readonly host: string
  readonly clock: Clock
  readonly request: MigrationRequest
  readonly storage: StorageCopy
  /** Milliseconds that the guest may stand still, as it was tuned while it is copied; null: it was not. */
  tunedDowntime(): number | null
  /** Of the copy, from before it was started. */
  readonly ending: Ending
  /** Its way into post-copy. */
  readonly turn: Turn
}

/** Asks for the figures until the migration has ended; an event of its end wakes it early. */
export async function followed(
  fence: Fence,
  monitor: QmpClient,
  order: Followable,
  call: EffectOptions,
): Promise<Followed> {
  const { clock, host, request, storage, ending, tunedDowntime } = order
  let disks = await storage.look(call)
  let held = storage.disks.length > 0
  let before: MigrationInfo | null = null
  const from = clock.monotonic()
  const watch = convergence(() => {
    const tuned = tunedDowntime()
    const wanted = request.maxDowntime
    return tuned === null
      ? { given: firstDowntime(wanted), most: downtimeOf(wanted) }
      : { given: tuned, most: tuned }
  })
  for (;;) {
    if (before?.ram && ending.isCopied()) {
      const info = whole(before)
      report(info, disks, call)
      return { info, disks, told: true }
    }
    const info: MigrationInfo = await monitor.execute('query-migrate', {}, call)
    before = info
    if (held) disks = await storage.look(call)
    report(info, disks, call)
    if (isOver(info.status) || hasGoneOver(info)) return { info, disks, told: false }
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
    if (ending.isLost())
      throw vmError('VM_CONNECTION', `the monitor of the guest on ${host} has gone`, { host })
  }
}

/** How it ended. `told`: by an event, and these are the figures of the look before. */
export interface Followed {
  readonly info: MigrationInfo
  readonly disks: DiskFigures
  readonly told: boolean
}

/** Of a copy that has become complete since: nothing is left, and what has come since that look is not known yet. */
function whole(info: MigrationInfo): MigrationInfo {
  return { ...info, status: 'completed', ...(info.ram && { ram: { ...info.ram, remaining: 0 } }) }
}

/** A guest that is written to as fast as it is copied: it may stand still for longer, or the user is told. */
async function helpAlong(
  fence: Fence,
  need: NonNullable<Need>,
  { host, request }: Followable,
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
