import type { Forecast } from '@vmferry/core'
import { expect, test } from 'vitest'
import { forecastText } from '../src/forecast-text.ts'

const KNOWN: Forecast = {
  dirtyBytesPerSecond: 7_340_032,
  dirtyIsAtLeast: true,
  linkBytesPerSecond: 25_000_000,
  usedMemoryBytes: null,
  diskBytes: 0,
  maxDowntime: 300,
  unknown: [],
  bytesPerSecond: 25_000_000,
  totalMs: 40_000,
  totalIsAtLeast: false,
  silentMs: null,
  converges: true,
  leastBytesPerSecond: 8_155_592,
}
const WRITES = 'the guest writes at least 58.7 Mbps'
const NEVER = { converges: false, totalMs: null, bytesPerSecond: 7_500_000 }

test.each<[Partial<Forecast>, string]>([
  [{}, `about 40 s; the link carries 200 Mbps; ${WRITES}`],
  [NEVER, `will not converge below 66 Mbps; the link carries 200 Mbps; the limit is 60 Mbps; ${WRITES}`],
  [
    { ...NEVER, totalMs: 90_000 },
    `about 1 min 30 s with post-copy, without it will not converge below 66 Mbps; the link carries 200 Mbps; the limit is 60 Mbps; ${WRITES}`,
  ],
  [
    { silentMs: 40_000, dirtyBytesPerSecond: 0, converges: null },
    'about 40 s, and the guest stands still all that time; the link carries 200 Mbps',
  ],
  [
    {
      linkBytesPerSecond: null,
      bytesPerSecond: null,
      totalMs: null,
      converges: null,
      unknown: ['tcp is dark'],
    },
    `how long it takes is not known, but it converges from 66 Mbps on; ${WRITES}; tcp is dark`,
  ],
  [
    { dirtyBytesPerSecond: null, leastBytesPerSecond: null, totalIsAtLeast: true, unknown: ['no command'] },
    'at least 40 s; the link carries 200 Mbps; no command',
  ],
])('a forecast in one line: %#', (facts, text) => {
  expect(forecastText({ ...KNOWN, ...facts })).toBe(`forecast: ${text}`)
})
