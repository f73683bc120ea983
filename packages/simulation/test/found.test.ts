import { expect, test } from 'vitest'
import { simulate } from '../src/simulate.ts'

/** What long runs have found; no earlier seed does. */
test.each([
  ['a controller that wakes without having begun is not told that the guest of another is lost', 89_665],
  ['a copy that an old migration left is not run while another migration has the guest stopped', 95_123],
  ['a target that may have run and cannot be told so again is not rolled back', 134_467],
  [
    'what becomes unsettled during a recovery is recovered once more: a fault of the simulation itself',
    512_845,
  ],
  ['a controller whose time was over as it sent does not wait for ever: the simulation itself', 858_922],
  ['a guest that another recovery has just brought forward is not told to be lost', 936_963],
])('%s', async (_what, seed) => {
  expect((await simulate(seed)).breaches).toEqual([])
})
