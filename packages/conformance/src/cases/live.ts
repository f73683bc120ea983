import type { Bench } from '../bench.ts'
import { type Case, check } from '../case.ts'
import { ensure } from '../ensure.ts'
import { GUEST, slowly } from '../guest.ts'
import { upToCopy } from '../moved.ts'
import { able, MIGRATES } from '../needs.ts'
import { watched } from '../watch.ts'

export const liveCases: readonly Case[] = [
  check(
    'live.runs',
    [...MIGRATES, able('live')],
    'a live guest counts on while it is copied',
    async (bench) => {
      const sights = await copied(bench, true)
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
      const sights = await copied(bench, false)
      const { length } = sights.filter(({ running }) => !running)
      ensure(
        length > 0 && length * 2 > sights.length,
        `it stood still in ${length} of ${sights.length} looks`,
      )
    },
  ),
]

/** What is seen of the source's copy while it is copied, which is slowed down where that can be asked for. */
async function copied(bench: Bench, live: boolean) {
  await bench.stage.start('source', GUEST, 'running')
  // what goes before may take longer than the copy where hosts are slow, and the guest runs then
  const copy = await upToCopy(bench, { live, ...slowly(bench) })
  return (await watched(bench, 'source', GUEST, copy())).sights
}
