import { expect, test } from 'vitest'
import { eta } from '../src/migration/eta.ts'

/** Figures of query-migrate, half a second apart, of guests behind a link of 30 MB/s (QEMU 7.2). */
const [FIRST_ROUND, SECOND_ROUND, BUSY] = [
  { remaining: 97_914_880, rate: 29_940_439 },
  { remaining: 14_389_248, rate: 29_474_004, dirty: 2211 * 4096 },
  { remaining: 30_568_448, rate: 29_940_439, dirty: 6970 * 4096 },
]

test.each([
  [
    'the first round does not know what is written',
    FIRST_ROUND.remaining,
    FIRST_ROUND.rate,
    null,
    3270,
    true,
  ],
  ['a guest that writes a third', SECOND_ROUND.remaining, SECOND_ROUND.rate, SECOND_ROUND.dirty, 705, false],
  ['a guest that writes as fast as it is copied', BUSY.remaining, BUSY.rate, BUSY.dirty, null, false],
  ['a guest that writes nothing, or stands still', BUSY.remaining, BUSY.rate, 0, 1021, false],
  ['nothing moves', BUSY.remaining, 0, 1e6, null, false],
  ['nothing moves, and nothing is known', BUSY.remaining, 0, null, null, false],
  ['nothing is left', 0, 30e6, 1e6, 0, false],
] as const)('%s', (_what, remainingBytes, bytesPerSecond, dirtyBytesPerSecond, etaMs, etaIsAtLeast) => {
  expect(eta({ remainingBytes, bytesPerSecond, dirtyBytesPerSecond })).toEqual({ etaMs, etaIsAtLeast })
})
