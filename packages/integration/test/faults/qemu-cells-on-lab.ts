import { type BeatWatch, type Lab, labProblem, openLab } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { nameOf } from './cell.ts'
import { CELLS } from './cells.ts'
import { hypervisorOn, hypervisorsOn, runs } from './hypervisor.ts'
import { breaches } from './oracle.ts'
import { play, playUndisturbed } from './play.ts'
import { matrixCell, requiredCells } from './required-cells.ts'
import { proved, writeResult } from './result-file.ts'
import { clear, furnish, RAM_FOLDER, startGuest } from './scene.ts'

const problem = await labProblem()

test('the table has every cell of the matrix that is required on real QEMU, and no other', () => {
  expect([...new Set(CELLS.map(matrixCell))].toSorted()).toEqual(requiredCells())
})

describe.skipIf(problem !== null)(`faults of real QEMU${problem ? ` (${problem})` : ''}`, () => {
  let lab: Lab
  let watch: BeatWatch
  const from = performance.now()
  const seen: { cell: string; passed: boolean; recoveryMs: number }[] = []

  beforeAll(async () => {
    lab = await openLab()
    await furnish(lab)
  })
  afterAll(async () => {
    await lab?.close()
    if (seen.length < CELLS.length) return
    writeResult('faults-qemu', 'npm run test:faults', proved(seen, performance.now() - from))
  })
  beforeEach(() => clear(lab))
  afterEach(() => watch.close())

  test.each(CELLS.map((cell) => [nameOf(cell), cell] as const))('%s', async (_name, cell) => {
    const onSmallDisk = cell.strike === 'take the memory of the target away'
    watch = await startGuest(lab, lab.alpha, onSmallDisk ? ['-mem-path', RAM_FOLDER] : [])
    const stage = { lab, source: lab.alpha, target: lab.beta, watch }
    const played = await play(stage, cell)
    const found = await breaches(stage, cell, played)
    seen.push({ cell: matrixCell(cell), passed: found.length === 0, recoveryMs: played.recoveryMs })
    expect(found).toEqual([])
    expect(played.struck).toBe(true)
  })

  test('a guest that was paused is moved there and back, stays paused, and goes on from where it was', async () => {
    watch = await startGuest(lab, lab.alpha)
    await (await hypervisorOn(lab.alpha)).tell('stop')
    for (const [source, target] of [
      [lab.alpha, lab.beta],
      [lab.beta, lab.alpha],
    ] as const) {
      const { first } = await playUndisturbed({ lab, source, target, watch })
      expect(first).toMatchObject({ outcome: 'migrated', pending: [] })
      expect(await Promise.all((await hypervisorsOn(target)).map(runs))).toEqual([false])
      expect(await hypervisorsOn(source)).toEqual([])
    }
    const before = watch.beats.length
    await (await hypervisorOn(lab.alpha)).tell('cont')
    await watch.until((beats) => beats.length > before + 25)
    const { lost, backwards, doubled, corrupt } = watch.report()
    expect({ lost, backwards, doubled, corrupt }).toEqual({
      lost: 0,
      backwards: 0,
      doubled: 0,
      corrupt: false,
    })
  })
})
