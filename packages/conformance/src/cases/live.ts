import type { Bench } from '../bench.ts'
import { type Case, check } from '../case.ts'
import { copying } from '../copying.ts'
import { ensure } from '../ensure.ts'
import { GUEST, slowly } from '../guest.ts'
import { upToCopy } from '../moved.ts'
import { able, feature, MIGRATES, PHASED } from '../needs.ts'
import { stops, watched } from '../watch.ts'

export const liveCases: readonly Case[] = [
  check(
    'live.runs',
    [...MIGRATES, able('live')],
    'a live guest counts on while it is copied',
    async (bench) => {
      const { sights } = await copied(bench, true)
      const counters = sights.filter(({ running }) => running).map(({ counter }) => counter)
      const counted = new Set(counters).size
      ensure(counted > 1, `it was seen running ${counters.length} times, with ${counted} different counts`)
    },
  ),

  check(
    'live.off',
    MIGRATES,
    'a guest that is not to be live stands still while it is copied',
    async (bench) => {
      const { sights, since } = await copied(bench, false)
      const { length } = since.filter(({ running }) => running)
      ensure(
        sights.some(({ running }) => !running) && length * 2 <= since.length,
        `it ran in ${length} of ${since.length} looks`,
      )
    },
  ),

  check(
    'live.suspended',
    [...PHASED, able('live'), able('resource'), feature('suspend')],
    'a guest that is suspended in its copy stands still from then on',
    async (bench) => {
      const { stage } = bench
      await stage.start('source', GUEST, 'running')
      const copy = await copying(bench, { live: true, bandwidth: Math.ceil(stage.guestBytes / 3) })
      if (typeof copy === 'string') return copy
      await copy.tune({ suspend: true }, copy.effect())
      await stops(bench, 'source', GUEST)
      await copy.going
      return undefined
    },
  ),
]

/**
 * What is seen of the source's copy during its copying, which is slowed down where that can be asked for; `since`: from the
 * first report of bytes on, or all of it if there is none. What goes before may take longer than the copy on a slow host.
 */
async function copied(bench: Bench, live: boolean) {
  await bench.stage.start('source', GUEST, 'running')
  let first = Number.NEGATIVE_INFINITY
  const copy = await upToCopy(bench, { live, ...slowly(bench) }, ({ type }) => {
    if (type === 'transfer' && first < 0) first = bench.clock.monotonic()
  })
  const { sights } = await watched(bench, 'source', GUEST, copy())
  return { sights, since: sights.filter(({ at }) => at > first) }
}
