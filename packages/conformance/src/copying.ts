import { type EffectOptions, type Outgoing, type Performed, sleep } from '@vmferry/core/driver'
import type { Bench, Wish } from './bench.ts'
import { throughJson } from './json-copy.ts'
import { begin, dialOf, type Prepared, prepare, UNHEARD } from './way.ts'

/** A copy that goes on, and can be tuned. */
export interface Copying extends Prepared {
  readonly tune: NonNullable<Outgoing['tune']>
  readonly going: Promise<Performed>
}

/** Milliseconds until a copy counts as one that goes on. */
const START = 200

/** Begins to copy the guest. A string: why it cannot be tuned. */
export async function copying(
  bench: Bench,
  wish: Wish,
  changes: Partial<EffectOptions> = {},
): Promise<Copying | string> {
  const way = await prepare(await begin(bench, wish))
  const { outgoing, incoming } = way
  if (!outgoing.tune) return 'the driver has no tune'
  const call = way.effect({ onProgress: UNHEARD, ...changes })
  const going = outgoing.perform(throughJson(incoming.ticket), dialOf(way), call)
  // one that fails at once is told where it is awaited
  going.catch(() => {})
  const over = await Promise.race([going.then(() => true), sleep(bench.clock, START).then(() => false)])
  if (over) return 'it was over before it could be tuned'
  return { ...way, tune: (change, options) => outgoing.tune?.(change, options) ?? Promise.resolve(), going }
}
