import { setTimeout as sleep } from 'node:timers/promises'
import type { BeatWatch, Lab, LabHost } from '@vmferry/lab'
import type { Cell } from './cell.ts'
import { type Controller, sendOn, type Verdict } from './controller-process.ts'
import { DOMAIN, must, RIVAL, type Scene, uriOf } from './scene.ts'
import { strikes } from './strikes.ts'

/** Where a guest is and where it is to go. */
export interface Stage {
  readonly lab: Lab
  readonly source: LabHost
  readonly target: LabHost
  readonly watch: BeatWatch
}

/** What all controllers said of one migration, in the order in which they came. */
export interface Played {
  /** False where the migration ended before it came to where the fault was to strike. */
  readonly struck: boolean
  readonly first: Verdict | null
  readonly rivals: readonly Verdict[]
  readonly recovered: readonly Verdict[]
  /** The user gave the target up. */
  readonly revived: boolean
  /** Milliseconds from the call of recovery to its verdict. */
  readonly recoveryMs: number
}

/** Folders of journals, on the controller's own small disk. */
const FIRST = '/run/journal/first'
const SECOND = '/run/journal/second'

/** Slow enough that something can happen in between. */
const SLOWLY = { live: true, bandwidth: 40 }
const AT_ONCE = { live: true }

/** One migration, with its fault, up to what a fresh controller makes of it once all faults are lifted. */
export async function play(stage: Stage, cell: Cell): Promise<Played> {
  const { lab, source, target } = stage
  const inMidCopy = cell.cancels || (cell.at.phase === 'perform' && cell.at.moment !== 'after')
  const options = inMidCopy ? SLOWLY : AT_ONCE
  const { at, self, losesReply = false, cancels = false } = cell
  const stop = { at, losesReply, cancels, ...(self && { self }) }
  const uris = { source: uriOf(source), target: uriOf(target) }
  const controller = sendOn(lab, {
    does: 'migrate',
    ...uris,
    domain: DOMAIN,
    options,
    journal: FIRST,
    ...stop,
  })
  const scene: Scene = { ...stage, controller, mend: [], rivals: [] }
  const struck = await controller.reached
  try {
    if (struck) await strike(scene, cell)
  } finally {
    for (const mend of scene.mend.toReversed()) await mend()
  }
  // a recovery takes the guest over from whoever has it: not while a rival moves it
  const rivals = (await Promise.all(scene.rivals)).flat()
  const from = performance.now()
  let recovered = await recover(scene, cell)
  const recoveryMs = performance.now() - from
  if (self === 'SIGSTOP') controller.signal('SIGCONT')
  const [first = null] = await controller.ended
  const revived = (recovered.at(-1) ?? first)?.outcome === 'inDoubt' && cell.outcome === 'revived'
  if (revived) recovered = [...recovered, ...(await recover(scene, cell, true))]
  for (const journal of rivals.length > 0 ? [RIVAL] : [])
    recovered = [...recovered, ...(await sendOn(lab, { does: 'recover', journal, from: [] }).ended)]
  // the first one's journal, found much later
  if (self !== undefined || revived)
    recovered = [...recovered, ...(await recover(scene, { recovers: 'journal' }))]
  return { struck, first, rivals, recovered, revived, recoveryMs }
}

/** One migration that nothing happens to. */
export async function playUndisturbed({ lab, source, target }: Stage): Promise<Played> {
  const uris = { source: uriOf(source), target: uriOf(target) }
  const errand = {
    does: 'migrate',
    ...uris,
    domain: DOMAIN,
    options: AT_ONCE,
    journal: FIRST,
  } as const
  const [first = null] = await sendOn(lab, errand).ended
  return { struck: false, first, rivals: [], recovered: [], revived: false, recoveryMs: 0 }
}

/** The fault, until the controller has ended or its time is over. */
async function strike(scene: Scene, cell: Cell): Promise<void> {
  const { controller } = scene
  if (!cell.strike) return
  await strikes[cell.strike](scene)
  controller.tell('go')
  if (cell.lasts > 0) {
    const early = cell.strike.startsWith('slow') || cell.row === 16 || cell.row === 13
    if (early) await sleep(300)
    controller.tell('faster')
  }
  await Promise.race([controller.ended, sleep(cell.lasts)])
}

/** By a controller that has just been started, on what it has of the first one's journal. */
async function recover(
  { lab, source, target, controller }: Scene,
  { self, recovers }: Pick<Cell, 'self' | 'recovers'>,
  reviveSource = false,
): Promise<readonly Verdict[]> {
  if (self === undefined) await ended(controller)
  // on one machine the first one's lock keeps others out as long as it lives
  const frozen = self === 'SIGSTOP' && recovers === 'journal'
  if (frozen)
    await must(
      lab.controller,
      'sh',
      '-c',
      `rm -rf ${SECOND}; cp -r ${FIRST} ${SECOND}; rm -f ${SECOND}/*.lock`,
    )
  const journal = recovers === 'hosts' || frozen ? SECOND : FIRST
  const from = recovers === 'hosts' ? [uriOf(source), uriOf(target)] : []
  return sendOn(lab, { does: 'recover', journal, from, options: { reviveSource } }).ended
}

/** A controller that still works when all faults are lifted gets its time to come to an end. */
async function ended({ ended: end, signal }: Controller): Promise<void> {
  const over = await Promise.race([end.then(() => true), sleep(60_000, false)])
  if (!over) {
    signal('SIGKILL')
    throw new Error('the controller did not come to an end within a minute')
  }
}
