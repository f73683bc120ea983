import { once } from 'node:events'
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

/** Moves a fresh guest with each contender in turn, A B A B, so that what disturbs the machine disturbs all alike. */
export async function sideBySide(
  lab: Lab,
  contenders: readonly Contender[],
  times: number,
  tell: (run: Run) => void = () => {},
): Promise<Run[]> {
  const runs: Run[] = []
  for (let turn = 0; turn < times; turn += 1) {
    for (const contender of contenders) {
      const run = await oneRun(lab, contender)
      tell(run)
      runs.push(run)
    }
  }
  return runs
}

async function oneRun(lab: Lab, contender: Contender): Promise<Run> {
  const { argv, beatPath } = await beatGuest(GUEST)
  await contender.start(lab, argv)
  using watch = watchBeats([lab.alpha, lab.beta].map((host) => ({ host, path: beatPath })))
  await watch.until((beats) => beats.length > 50)

  await warmMemory(lab)
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

/** MiB: more than a move touches for the first time. */
const WARM = 384

/**
 * Has memory touched and freed, as a QEMU does it. A virtual machine that gives its free memory back to its host (free page
 * reporting) has 128 MiB of it again in 200 ms, what was freed within the last second in 5: without this a contender would
 * be measured by what ran before it.
 */
async function warmMemory({ alpha }: Lab): Promise<void> {
  const object = `memory-backend-ram,id=warm,size=${WARM}M,prealloc=on`
  const quiet = ['-nodefaults', '-display', 'none', '-monitor', 'stdio']
  const qemu = alpha.spawn(['qemu-system-x86_64', '-machine', 'none', ...quiet, '-object', object], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  qemu.stdin?.end('quit\n')
  await once(qemu, 'close')
}
