import { type Phase, sleep } from '@vmferry/core/driver'
import type { Bench } from '../bench.ts'
import { type Case, checkGuest } from '../case.ts'
import { ensure, isFinal, refusal, words } from '../ensure.ts'
import { GUEST, slowly } from '../guest.ts'
import { PHASED, wayBackAfter } from '../needs.ts'
import { checked, receiver, sender } from '../surveys.ts'
import { countsOn, isGone } from '../watch.ts'
import { abort, arrived, begin, dialOf, effects, loaded, type Prepared, prepare, UNHEARD } from '../way.ts'

/** A call that can be cancelled, ready to be made. */
type Ready = (signal: AbortSignal) => Promise<unknown>

/** The way to each phase, up to the call itself. */
const STEPS: Readonly<Record<string, (bench: Bench) => Promise<Ready>>> = {
  async begin(bench) {
    const { offer, request } = await checked(bench)
    const { effect } = effects(bench)
    return (signal) => sender(bench.source).begin(offer, request, effect({ signal, onProgress: UNHEARD }))
  },
  async prepare(bench) {
    const { outgoing, request, effect } = await begin(bench)
    return (signal) =>
      receiver(bench.target).prepare(outgoing.offer, request, effect({ signal, onProgress: UNHEARD }))
  },
  async perform(bench) {
    return performing(await prepare(await begin(bench, slowly(bench))))
  },
  async ready(bench) {
    const { incoming, effect } = await arrived(bench)
    return async (signal) => incoming.ready?.(effect({ signal }))
  },
  async 'hand-over'(bench) {
    const { outgoing, effect } = await loaded(bench)
    return async (signal) => outgoing.handOver?.(effect({ signal }))
  },
}

function performing(way: Prepared): Ready {
  const { outgoing, incoming, effect } = way
  return (signal) => outgoing.perform(incoming.ticket, dialOf(way), effect({ signal, onProgress: UNHEARD }))
}

/** Milliseconds that a call may take to stop, and after which a perform is well under way. */
const GRACE = 30_000
const UNDER_WAY = 50
/** Longer than a copy takes that was asked to be slow. */
const LONGER = 2_000

export const cancelCases: readonly Case[] = [
  ...['begin', 'prepare', 'perform'].map((phase) =>
    checkGuest(
      `cancel.before-${phase}`,
      PHASED,
      `a ${phase} whose signal has fired does nothing: VM_ABORTED`,
      async (bench) => {
        const call = await readyFor(bench, phase)
        const going = soon(bench, call(AbortSignal.abort()))
        await refusal(going, `${phase} with a signal that has fired`, 'VM_ABORTED')
        await countsOn(bench, 'source', GUEST)
      },
    ),
  ),

  ...Object.keys(STEPS).map((phase) =>
    checkGuest(
      `cancel.during-${phase}`,
      wayBackAfter(phase as Phase),
      `a ${phase} that is cancelled settles, and an abort restores the guest`,
      async (bench) => {
        const call = await readyFor(bench, phase)
        const end = await cancelled(bench, call, phase === 'perform' ? UNDER_WAY : 0)
        if (phase === 'perform')
          ensure(end === null || isFinal(end), `a cancelled perform ends with ${words(end)}`)
        await undone(bench)
        await countsOn(bench, 'source', GUEST)
        await isGone(bench, 'target', GUEST)
      },
    ),
  ),

  checkGuest(
    'cancel.stops',
    PHASED,
    'after a perform that was cancelled nothing is copied any more',
    async (bench) => {
      const way = await prepare(await begin(bench, slowly(bench)))
      const end = await cancelled(bench, performing(way), UNDER_WAY)
      if (end === null) return 'it was over before it could be cancelled'
      await sleep(bench.clock, LONGER)
      const { complete } = await way.incoming.inspect(bench.call())
      ensure(!complete, 'the target has all of the guest by now')
      return undefined
    },
  ),

  checkGuest(
    'cancel.then-move',
    wayBackAfter('perform'),
    'a guest can be moved after a cancel and an abort',
    async (bench) => {
      const way = await prepare(await begin(bench, slowly(bench)))
      await cancelled(bench, performing(way), UNDER_WAY)
      await abort(way)
      await arrived(bench)
    },
  ),
]

function readyFor(bench: Bench, phase: string): Promise<Ready> {
  const reach = STEPS[phase]
  ensure(reach !== undefined, `no way to ${phase}`)
  return reach(bench)
}

/** Makes the call, cancels it after so many milliseconds, and tells how it ended; null: well. */
async function cancelled(bench: Bench, call: Ready, after: number): Promise<unknown> {
  const canceller = new AbortController()
  const going = call(canceller.signal)
  if (after > 0) await Promise.race([going.catch(() => {}), sleep(bench.clock, after)])
  canceller.abort()
  return soon(
    bench,
    going.then(
      () => null,
      (error: unknown) => error,
    ),
  )
}

/** Ends whatever the hosts have on file, as a recovery by another controller would. */
async function undone(bench: Bench): Promise<void> {
  const { effect } = effects(bench)
  for (const side of ['target', 'source'] as const) {
    const connection = await bench.takeOver(side)
    const half = side === 'target' ? receiver(connection) : sender(connection)
    for (const { migration } of await connection.migrations(bench.call())) {
      const recalled = await half.recall(migration, effect({ migration }))
      await recalled.abort('it was cancelled', effect({ migration }))
    }
  }
}

/** Rejects if the call takes longer than a driver may to stop. */
function soon<T>({ clock }: Bench, going: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(new Error(`the call did not settle within ${GRACE / 1000} s of its signal`))
    const stop = clock.schedule(GRACE, late)
    going.then(resolve, reject).finally(stop)
  })
}
