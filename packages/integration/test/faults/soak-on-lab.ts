import { type BeatWatch, type Lab, labProblem, openLab } from '@vmferry/lab'
import { expect, test } from 'vitest'
import { type Cell, nameOf } from './cell.ts'
import { CELLS } from './cells.ts'
import { breaches } from './oracle.ts'
import { play, playUndisturbed, type Stage } from './play.ts'
import { writeResult } from './result-file.ts'
import { clear, furnish, startGuest } from './scene.ts'
import { endsGuest, type Leg, tallied } from './soak-tally.ts'

const { SOAK_MIGRATIONS = '200', SOAK_SEED = '1' } = process.env
const problem = await labProblem()

/** Faults after which the guest is where it can be moved from again, or gone. */
const STRIKES = CELLS.filter(
  ({ strike = '' }) =>
    !['stop at the source', 'take the memory of the target away', 'a rival wants it elsewhere'].includes(
      strike,
    ),
)

test.skipIf(problem !== null)(
  `a guest moves ${SOAK_MIGRATIONS} times, every other time with a fault${problem ? ` (${problem})` : ''}`,
  async () => {
    const from = performance.now()
    await using lab = await openLab()
    await furnish(lab)
    const draw = seeded(Number(SOAK_SEED))
    const legs: Leg[] = []
    let stage: Stage | null = null
    while (legs.length < Number(SOAK_MIGRATIONS)) {
      stage ??= await fresh(lab)
      const cell: Cell | null = draw() < 0.5 ? (STRIKES[Math.floor(draw() * STRIKES.length)] ?? null) : null
      const before = stage.watch.report().handOvers.length
      const played = await (cell ? play(stage, cell) : playUndisturbed(stage))
      const found = await breaches(stage, cell, played)
      const gaps = stage.watch.report().handOvers.slice(before)
      legs.push({ cell, played, breaches: found, gaps: gaps.map(({ gapMs }) => gapMs) })
      process.stdout.write(
        `${legs.length} ${cell ? nameOf(cell) : 'undisturbed'}: ${found.join('; ') || 'well'}\n`,
      )
      stage = found.length > 0 || (cell && endsGuest(cell)) ? ended(stage) : turned(stage)
    }
    if (stage) ended(stage)
    const seconds = Math.round((performance.now() - from) / 1000)
    const again = `npm run soak -- --migrations ${SOAK_MIGRATIONS} --seed ${SOAK_SEED}`
    writeResult('soak-qemu', again, { seed: Number(SOAK_SEED), seconds, ...tallied(legs) })
    expect(legs.flatMap((leg) => leg.breaches)).toEqual([])
  },
  Number(SOAK_MIGRATIONS) * 60_000,
)

async function fresh(lab: Lab): Promise<Stage> {
  await clear(lab)
  return { lab, source: lab.alpha, target: lab.beta, watch: await startGuest(lab, lab.alpha) }
}

function ended({ watch }: { watch: BeatWatch }): null {
  watch.close()
  return null
}

/** From where the guest is now to where it is not. */
function turned(stage: Stage): Stage {
  const here = stage.watch.beats.at(-1)?.host
  return here === stage.target.name ? { ...stage, source: stage.target, target: stage.source } : stage
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
