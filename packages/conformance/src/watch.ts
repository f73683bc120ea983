import { isDeepStrictEqual } from 'node:util'
import { type GuestSight, type Side, sleep } from '@vmferry/core/driver'
import type { Bench } from './bench.ts'
import { ensure } from './ensure.ts'

/** Milliseconds between two looks at a guest, and how long a guest may take to count on. */
const PACE = 20
const PATIENCE = 10_000
/** How long a guest may take to stop that is told to: a part of the time that its copy takes. */
const SOON = 1_000
/** How long a guest is watched that must stand still. */
const STILL = 100

/** The copy on that side, which must be there. */
export async function copyOn({ stage }: Bench, side: Side, name: string): Promise<GuestSight> {
  const sight = await stage.look(side, name)
  ensure(sight !== null, `there is no copy of '${name}' at the ${side}`)
  return sight
}

/** Proves that the guest runs on that side: it counts on. */
export async function countsOn(bench: Bench, side: Side, name: string): Promise<GuestSight> {
  const before = await copyOn(bench, side, name)
  const deadline = bench.clock.monotonic() + PATIENCE
  for (;;) {
    const now = await copyOn(bench, side, name)
    if (now.running && now.counter > before.counter) return now
    const words = now.running ? 'is said to run and does not count' : 'does not run'
    ensure(bench.clock.monotonic() < deadline, `the copy of '${name}' at the ${side} ${words}`)
    await sleep(bench.clock, PACE)
  }
}

/** Proves that the guest stops on that side, soon. */
export async function stops(bench: Bench, side: Side, name: string): Promise<void> {
  const deadline = bench.clock.monotonic() + SOON
  while ((await copyOn(bench, side, name)).running) {
    ensure(bench.clock.monotonic() < deadline, `the copy of '${name}' at the ${side} runs on`)
    await sleep(bench.clock, PACE)
  }
  await standsStill(bench, side, name)
}

/** Proves that no copy runs on that side; one that stands still may be there. */
export async function standsStill(bench: Bench, side: Side, name: string): Promise<GuestSight | null> {
  const before = await bench.stage.look(side, name)
  await sleep(bench.clock, STILL)
  const after = await bench.stage.look(side, name)
  const moved = after !== null && (after.running || after.counter !== (before?.counter ?? after.counter))
  ensure(!moved, `the copy of '${name}' at the ${side} runs`)
  return after
}

/** Proves that a host has the same traces as before; what is on its way out has some time to go. */
export async function leavesOnly(
  { stage, clock }: Bench,
  side: Side,
  before: readonly string[],
): Promise<void> {
  const deadline = clock.monotonic() + PATIENCE
  while (!isDeepStrictEqual(await stage.traces(side), before) && clock.monotonic() < deadline)
    await sleep(clock, PACE)
  const after = await stage.traces(side)
  const words = (title: string, some: readonly string[], others: readonly string[]): string[] =>
    some.filter((line) => !others.includes(line)).map((line) => `${title}: ${line}`)
  const changes = [...words('left', after, before), ...words('gone', before, after)]
  ensure(changes.length === 0, `at the ${side} ${changes.join('; ')}`)
}

/** Proves that there is no copy of the guest on that side. */
export async function isGone({ stage }: Bench, side: Side, name: string): Promise<void> {
  ensure((await stage.look(side, name)) === null, `a copy of '${name}' is still at the ${side}`)
}

/** What was seen of a guest while something went on, and when it was asked for. */
export async function watched<T>(
  bench: Bench,
  side: Side,
  name: string,
  going: Promise<T>,
): Promise<{ readonly result: T; readonly sights: readonly (GuestSight & { readonly at: number })[] }> {
  const sights: (GuestSight & { readonly at: number })[] = []
  const settled = going.then(
    () => true,
    () => true,
  )
  for (;;) {
    const at = bench.clock.monotonic()
    const sight = await bench.stage.look(side, name)
    if (await Promise.race([settled, sleep(bench.clock, PACE).then(() => false)])) break
    if (sight) sights.push({ ...sight, at })
  }
  return { result: await going, sights }
}
