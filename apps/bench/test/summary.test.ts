import { expect, test } from 'vitest'
import { median, medians, table } from '../src/summary.ts'

test('the median is the middle figure, or the mean of the two in the middle', () => {
  expect([median([30, 1, 2]), median([4, 1, 2, 3]), median([7]), median([])]).toEqual([2, 2.5, 7, Number.NaN])
})

test('each contender has the medians of its own runs, and a column in the table', () => {
  const run = (contender: 'raw ssh' | 'vmferry ssh', wallMs: number) => ({
    contender,
    wallMs,
    gapMs: wallMs / 10,
    own: { setupMs: wallMs / 2, callMs: wallMs },
  })
  const middle = medians([
    run('raw ssh', 100),
    run('vmferry ssh', 400),
    run('raw ssh', 300),
    run('vmferry ssh', 200),
  ])
  expect(middle).toEqual({
    'raw ssh': { runs: 2, wallMs: 200, gapMs: 20, own: { setupMs: 100, callMs: 200 } },
    'vmferry ssh': { runs: 2, wallMs: 300, gapMs: 30, own: { setupMs: 150, callMs: 300 } },
  })
  expect(table(middle).split('\n')).toEqual([
    'ms, median            raw ssh  vmferry ssh',
    'whole process             200          300',
    'the call                  200          300',
    'set-up                    100          150',
    'guest silent             20.0         30.0',
  ])
})
