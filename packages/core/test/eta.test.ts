import { expect, test } from 'vitest'
import { eta } from '../src/migration/eta.ts'

const MIB = 1024 ** 2

test.each([
  // [what is left, bytes per second, written per second] as QEMU 7.2 told them over a link of 30 MB/s
  ['the first round does not know what is written', 48 * MIB, 30e6, null, 1678, true],
  ['a guest that writes a third of it', 16 * MIB, 30e6, 10e6, 839, false],
  ['a guest that writes nothing, or stands still', 16 * MIB, 30e6, 0, 559, false],
  ['a guest that writes nearly as fast as it is copied', 16 * MIB, 30e6, 28e6, null, false],
  ['a guest that writes faster', 32 * MIB, 30e6, 41e6, null, false],
  ['nothing moves', 32 * MIB, 0, 1e6, null, false],
  ['nothing moves, and nothing is known', 32 * MIB, 0, null, null, false],
  ['nothing is left', 0, 30e6, 1e6, 0, false],
] as const)('%s', (_what, remainingBytes, bytesPerSecond, dirtyBytesPerSecond, etaMs, etaIsAtLeast) => {
  expect(eta({ remainingBytes, bytesPerSecond, dirtyBytesPerSecond })).toEqual({ etaMs, etaIsAtLeast })
})
