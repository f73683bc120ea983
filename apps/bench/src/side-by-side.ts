import { beatGuest, type Lab, watchBeats } from '@vmferry/lab'
import type { Contender } from './contender.ts'

/** One guest, moved once. */
export interface Run {
  readonly contender: Contender['name']
  /** As its caller waits: the whole process, from its start to its exit, unless it lives on. */
  readonly wallMs: number
  /** The guest's silence as heard outside. */
  readonly gapMs: number
  /** The contender's own figures, in milliseconds. */
  readonly own: Readonly<Record<string, number>>
}

/** A guest whose copy is short: what is left is what the contenders add. */
const GUEST = { name: 'bench', memoryMiB: 128, fillMiB: 16, ringMiB: 4, pagesPerTick: 1 }

/**
 * `touched`: QEMU has all memory of the guest before it begins. A virtual machine that gives free memory back to its host has it
 * again page by page, slowly, and by how long ago it was freed: what the target touches for the first time is then in the silence.
 */
export type Memory = 'usual' | 'touched'

/** Moves a fresh guest with each contender in turn, A B A B, so that what disturbs the machine disturbs all alike. */
export async function sideBySide(
  lab: Lab,
  contenders: readonly Contender[],
  times: number,
  memory: Memory = 'usual',
  tell: (run: Run) => void = () => {},
): Promise<Run[]> {
  const runs: Run[] = []
  for (let turn = 0; turn < times; turn += 1) {
    for (const contender of contenders) {
      const run = await oneRun(lab, contender, memory)
      tell(run)
      runs.push(run)
    }
  }
  return runs
}

async function oneRun(lab: Lab, contender: Contender, memory: Memory): Promise<Run> {
  const { argv: usual, beatPath } = await beatGuest(GUEST)
  const argv = memory === 'touched' ? preallocated(usual) : usual
  await contender.start(lab, argv)
  using watch = watchBeats([lab.alpha, lab.beta].map((host) => ({ host, path: beatPath })))
  await watch.until((beats) => beats.length > 50)

  const from = performance.now()
  const own = await contender.migrate(lab, argv)
  const wallMs = performance.now() - from

  await watch.until((beats) => beats.filter(({ host }) => host === lab.beta.name).length > 50)
  const { handOvers, lost, backwards, doubled, corrupt } = watch.report()
  const gapMs = handOvers[0]?.gapMs
  if (gapMs === undefined || lost + backwards + doubled > 0 || corrupt)
    throw new Error(
      `${contender.name} did not move the guest whole: ${JSON.stringify({ lost, backwards, doubled, corrupt })}`,
    )
  await contender.stop(lab)
  return { contender: contender.name, wallMs, gapMs, own }
}

function preallocated(argv: readonly string[]): string[] {
  const backend = `memory-backend-ram,id=ram,size=${GUEST.memoryMiB}M,prealloc=on`
  const words = argv.map((word, at) => (argv[at - 1] === '-machine' ? `${word},memory-backend=ram` : word))
  return [...words, '-object', backend]
}
