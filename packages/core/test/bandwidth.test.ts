import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesPerSecondFromMbps, mbpsFromBytesPerSecond } from '../src/edge/bandwidth.ts'

test.each([
  [0, 0],
  [-0, 0],
  [1, 125_000],
  [10, 1_250_000],
  [800, 100_000_000],
  [0.5, 62_500],
  [1e-9, 1],
  [Number.MIN_VALUE, 1],
])('%d Mbps are %d bytes per second', (mbps, bytesPerSecond) => {
  expect(bytesPerSecondFromMbps(mbps)).toBe(bytesPerSecond)
})

test.each([-1, -1e-9, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300])(
  '%d Mbps are VM_INVALID',
  (mbps) => {
    expect(() => bytesPerSecondFromMbps(mbps)).toThrow(
      expect.objectContaining({ code: 'VM_INVALID', message: expect.stringContaining(`${mbps} Mbps`) }),
    )
  },
)

test.each(['10', null, undefined, 10n, {}])('%s instead of a number is VM_INVALID', (wish) => {
  expect(() => bytesPerSecondFromMbps(wish as number)).toThrow(
    expect.objectContaining({ code: 'VM_INVALID' }),
  )
})

test('a positive limit stays a positive whole number and is off by less than a byte', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, minExcluded: true, noNaN: true }), (mbps) => {
      const bytesPerSecond = bytesPerSecondFromMbps(mbps)
      expect(Number.isSafeInteger(bytesPerSecond)).toBe(true)
      expect(bytesPerSecond).toBeGreaterThanOrEqual(1)
      expect(Math.abs(mbpsFromBytesPerSecond(bytesPerSecond) - mbps)).toBeLessThanOrEqual(1 / 125_000)
    }),
  )
})

test('whole bytes per second survive the way to Mbps and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (bytesPerSecond) => {
      expect(bytesPerSecondFromMbps(mbpsFromBytesPerSecond(bytesPerSecond))).toBe(bytesPerSecond)
    }),
  )
})
