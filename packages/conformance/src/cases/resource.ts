import { type Case, check } from '../case.ts'
import { copying } from '../copying.ts'
import { ensure } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { moved } from '../moved.ts'
import { able, MIGRATES, PHASED } from '../needs.ts'

export const resourceCases: readonly Case[] = [
  check('resource.obeyed', [...MIGRATES, able('resource')], 'a bandwidth limit is obeyed', async (bench) => {
    const { stage, clock } = bench
    await stage.start('source', GUEST, 'running')
    const bandwidth = stage.guestBytes
    const startedAt = clock.monotonic()
    await moved(bench, { bandwidth })
    const seconds = (clock.monotonic() - startedAt) / 1000
    ensure(seconds >= 0.9, `${stage.guestBytes} bytes at ${bandwidth} a second took ${seconds.toFixed(2)} s`)
  }),

  check(
    'resource.whole',
    [...MIGRATES, able('resource')],
    'a limit is in bytes, not in bits or mebibytes',
    async (bench) => {
      const { stage, clock } = bench
      await stage.start('source', GUEST, 'running')
      const startedAt = clock.monotonic()
      await moved(bench, { bandwidth: stage.guestBytes })
      const seconds = (clock.monotonic() - startedAt) / 1000
      ensure(seconds < 6, `${stage.guestBytes} bytes at as many a second took ${seconds.toFixed(2)} s`)
    },
  ),

  check(
    'resource.tuned',
    [...PHASED, able('resource')],
    'a limit that is lifted no longer holds',
    async (bench) => {
      const { stage, clock } = bench
      await stage.start('source', GUEST, 'running')
      const startedAt = clock.monotonic()
      const copy = await copying(bench, { bandwidth: Math.ceil(stage.guestBytes / 60) })
      if (typeof copy === 'string') return copy
      await copy.tune({ bandwidth: 0 }, copy.effect())
      await copy.going
      const seconds = (clock.monotonic() - startedAt) / 1000
      ensure(seconds < 50, `it took ${seconds.toFixed(1)} s, as if the limit still held`)
      return undefined
    },
  ),
]
