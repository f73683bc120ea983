import { type Clock, type Dial, type EffectOptions, sleep, type Ticket, vmError } from '@vmferry/core/driver'
import type { MigrationInfo, QmpClient } from '@vmferry/qmp'
import { tell } from '../fence/step.ts'
import { NO_DISKS } from '../storage/mirror.ts'
import { dataPath, type Sender } from '../transport/data-path.ts'
import { END_TUNNEL } from '../transport/tunnel.ts'
import { report } from './figures.ts'
import { hasBegun } from './post-copy.ts'

/** Milliseconds between two looks. */
const PACE = 100

/** Waits until the rest of the pages is at the target, as this QEMU sees it: the target has taken the last one. */
export async function drained(of: Sender, monitor: QmpClient | null, call: EffectOptions): Promise<void> {
  const { host, clock } = of.at
  for (;;) {
    const info = await (monitor?.execute('query-migrate', {}, { signal: call.signal }) ?? asked(of, call))
    report(info, NO_DISKS, call)
    if (info.status === 'completed') return
    if (!hasBegun(info)) throw vmError('VM_INVALID', `the copy from ${host.name} is not in post-copy`)
    if (info.status === 'postcopy-paused') {
      const words = info['error-desc']
      throw vmError(
        'VM_PHASE_FAILED',
        `the link by which ${host.name} sends the rest of the memory is lost`,
        {
          host: host.name,
          causes: words ? [{ host: host.name, words }] : [],
        },
      )
    }
    await sleep(clock, PACE, call.signal)
  }
}

async function asked({ fence }: Sender, call: EffectOptions): Promise<MigrationInfo> {
  const [info] = await fence.ask([tell('query-migrate')], call)
  return info
}

/** Sends the rest to where the target listens anew. A link that is stalled, which QEMU takes for whole, is given up first. */
export async function sentAgain(of: Sender, ticket: Ticket, call: EffectOptions): Promise<void> {
  const { at, fence } = of
  await paused(of, at.clock, call)
  await fence.act(END_TUNNEL, call)
  const { to } = await dataPath(of, ticket, noDial, call)
  // what encrypts the stream is still set
  await fence.act([tell('migrate', { uri: to, resume: true })], call)
}

/** Waits until post-copy rests, which it is told to unless its link is lost. */
export async function paused(
  { fence }: Pick<Sender, 'fence'>,
  clock: Clock,
  call: EffectOptions,
): Promise<MigrationInfo> {
  for (let tries = 0; ; tries += 1) {
    const [info] = await fence.ask([tell('query-migrate')], call)
    if (info.status === 'postcopy-paused') return info
    if (!hasBegun(info) || info.status === 'completed')
      throw vmError('VM_INVALID', `there is no link to be made anew: query-migrate says ${info.status}`)
    if (tries === 0) await fence.act([tell('migrate-pause')], call)
    await sleep(clock, PACE, call.signal)
  }
}

const noDial: Dial = () =>
  Promise.reject(vmError('VM_UNSUPPORTED', 'post-copy does not go through the controller'))
