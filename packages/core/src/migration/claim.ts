import { isVmError } from '../driver/index.ts'
import { renewed } from './look.ts'
import { ask, note, type Run, type Step } from './run.ts'

type Side = 'source' | 'target'

/** Claims that are lost to others who claim at the same moment, before it is given up. */
const TRIES = 4

/** Marks of runs: 0 to this. */
export const MARKS: number = 2 ** 20

/** How often one run can claim anew without leaving its mark. */
const TIMES = 2 ** 10

/**
 * An epoch is a level, the mark of a run and a count, the highest first. Who takes a domain over goes to the next level;
 * who claims it again only counts on. So whoever has once taken it over, on whatever level, is above all that the one
 * before can still ask for, and a claim that a woken controller makes again tells it that it has been superseded.
 */
function taken(held: number, { mark }: Run): number {
  return (Math.floor(held / (MARKS * TIMES)) + 1) * MARKS * TIMES + mark * TIMES
}

/**
 * Takes the domain over on both hosts, the source first, because it arbitrates between two controllers with different
 * targets. Whoever held it is kept out from then on, as far as the hosts can. Rejects where a host cannot be claimed. The journal
 * is written meanwhile: a claim is but a number, which leaves nothing to be undone.
 */
export async function claimBoth(run: Run, step: Step): Promise<void> {
  const filed = note(run, 'claim', { request: run.request, epochs: run.at.epochs })
  // told below, once no claim is on its way any more
  filed.catch(() => {})
  try {
    await claim(run, 'source', step)
    await claim(run, 'target', step)
  } finally {
    await filed
  }
}

/** Higher than what the host holds. */
async function claim(run: Run, side: Side, step: Step): Promise<void> {
  let held = run.at.epochs[side] ?? run.at.held[side] ?? 0
  for (let tries = 1; ; tries += 1) {
    try {
      await claimAt(run, side, taken(held, run), step)
      return
    } catch (error) {
      if (!isVmError(error, 'VM_STALE') || error.epoch === undefined || tries === TRIES) throw error
      held = error.epoch
    }
  }
}

/** Nobody else asks for this epoch: a host that holds it has heard us, whatever became of its answer. */
async function claimAt(run: Run, side: Side, epoch: number, step: Step): Promise<void> {
  const name = side === 'source' ? run.domain : (run.request.rename ?? run.domain)
  await ask(run, side, step, (call) => run[side].connection().claim(name, epoch, call)).catch(
    (error: unknown) => {
      if (!isVmError(error, 'VM_STALE') || error.epoch !== epoch) throw error
    },
  )
  run.at.epochs = { ...run.at.epochs, [side]: epoch }
}

/** Which hosts this controller holds. */
export type Held = Readonly<Record<Side, boolean>>

/**
 * Before a change of direction: what was asked for before has no effect from then on, wherever it still is. A host that
 * holds a higher epoch than ours has another controller: then nothing is claimed above it, and it is `superseded`.
 */
export async function claimAgain(run: Run, step: Step, held: Held): Promise<Held | 'superseded'> {
  const source = held.source ? 'held' : await again(run, 'source', step)
  if (source === 'superseded') return source
  const target = held.target ? 'held' : await again(run, 'target', step)
  if (target === 'superseded') return target
  return { source: source === 'held', target: target === 'held' }
}

/** The same for one host, asked once. Rejects with VM_STALE if another controller has it. */
export function claimHost(run: Run, side: Side, step: Step): Promise<void> {
  const epoch = run.at.epochs[side]
  // a host that was never claimed has nothing of ours to keep out
  return epoch === null ? claim(run, side, step) : claimAt(run, side, epoch + 1, step)
}

async function again(run: Run, side: Side, step: Step): Promise<'held' | 'unreachable' | 'superseded'> {
  try {
    await claimHost(run, side, step).catch(async (error: unknown) => {
      if (isVmError(error, 'VM_STALE')) throw error
      await renewed(run, side)
      await claimHost(run, side, step)
    })
    return 'held'
  } catch (error) {
    return isVmError(error, 'VM_STALE') ? 'superseded' : 'unreachable'
  }
}
