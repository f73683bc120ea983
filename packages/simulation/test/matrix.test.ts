import { expect, test } from 'vitest'
import { drawFaults } from '../src/fault.ts'
import { CELLS, MATRIX } from '../src/matrix.ts'
import { seededRandom } from '../src/seeded-random.ts'
import { cellsHit, emptyTally, missedCells } from '../src/tally.ts'

test('the matrix has sixteen faults and 104 cells', () => {
  expect(MATRIX.map(({ row }) => row)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1))
  expect(cellsHit(emptyTally())).toEqual({ hit: 0, total: 104 })
})

test('each cell has its turn, in each of its variants', () => {
  const drawn = CELLS.map((_, seed) => drawFaults(seed, seededRandom(seed, 1)))
  for (const [seed, { row, stage, variant }] of CELLS.entries())
    expect(drawn[seed]).toContainEqual(expect.objectContaining({ row, stage, variant }))
})

test('a cell is hit when all of its variants have struck, and those that have not are named', () => {
  const tally = emptyTally()
  tally.hits['14 perform once'] = 1
  expect(cellsHit(tally).hit).toBe(0)
  expect(missedCells(tally)).toContain('14 the user cancels, twice: perform')
  tally.hits['14 perform twice'] = 1
  expect(cellsHit(tally).hit).toBe(1)
})
