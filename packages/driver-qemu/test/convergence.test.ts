import { expect, test } from 'vitest'
import { convergence } from '../src/migration/convergence.ts'

/** What is needed in each of the rounds that leave so much. */
function needs(remaining: readonly number[], most: number): unknown[] {
  const watch = convergence(() => ({ given: 300, most }))
  return remaining.map((bytes, round) => watch.look(round + 1, bytes))
}

test('rounds that leave less and less need nothing', () => {
  expect(needs([1_000, 500, 250, 125, 60], 5_000)).toEqual([null, null, null, null, null])
})

test('the downtime is doubled as often as it takes, up to the longest that is acceptable', () => {
  expect(needs([1_000, 500, 500, 490, 500, 500], 1_000)).toEqual([
    null,
    null,
    { downtime: 600 },
    { downtime: 1_000 },
    'help',
    null,
  ])
})

test('without a longer downtime to try, the user is asked once', () => {
  expect(needs([1_000, 500, 500, 500], 300)).toEqual([null, null, 'help', null])
})

test('figures of the same round say nothing', () => {
  const watch = convergence(() => ({ given: 300, most: 5_000 }))
  expect([watch.look(3, 500), watch.look(3, 400), watch.look(3, 900)]).toEqual([null, null, null])
  expect(watch.look(4, 500)).toEqual({ downtime: 600 })
})

test('what is given meanwhile is where it goes on', () => {
  let given = 300
  const watch = convergence(() => ({ given, most: 9_000 }))
  watch.look(2, 500)
  given = 4_000
  expect([watch.look(3, 500), watch.look(4, 500), watch.look(5, 500)]).toEqual([
    { downtime: 8_000 },
    { downtime: 9_000 },
    'help',
  ])
})
