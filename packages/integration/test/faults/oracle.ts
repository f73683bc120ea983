import type { BeatReport, LabHost } from '@vmferry/lab'
import type { Cell } from './cell.ts'
import { type Hypervisor, hypervisorsOn, runs } from './hypervisor.ts'
import type { Played, Stage } from './play.ts'
import { must } from './scene.ts'

/** What there is once all is over. */
interface World {
  /** Hosts on which a copy runs. */
  readonly running: readonly string[]
  /** Hosts on which a QEMU stands still. */
  readonly standing: readonly string[]
  readonly leftovers: readonly string[]
}

/** What a copy in charge may have in its folder. */
const OWN =
  /\/(definition\.json|process|qmp\.sock|spare\.sock|fence\.(in|out)|log|incoming\.json|may-have-run|migrate\.sock)$/

/** What is wrong with how it ended, by the hosts and the guest, not by what was told; empty: nothing. */
export async function breaches(stage: Stage, cell: Cell | null, played: Played): Promise<string[]> {
  const expected = expectedIn(stage, played)
  const world = await settledWorld(stage, expected)
  const found = [...atTheEnd(stage, cell, played, world, expected), ...world.leftovers]
  if (expected.runs) await beats(stage, expected.runs).catch(() => found.push(`no beat on ${expected.runs}`))
  return [...found, ...ofTheGuest(stage.watch.report(), cell, played)]
}

interface Expected {
  /** The outcome that was told last. */
  readonly outcome: string | null
  readonly runs: string | null
}

function expectedIn({ source, target }: Stage, { first, rivals, recovered }: Played): Expected {
  const all = [...(first ? [first] : []), ...rivals, ...recovered]
  const moved = all.some(({ outcome }) => outcome === 'migrated')
  const last = recovered.at(-1) ?? first
  const outcome = moved ? 'migrated' : (last?.outcome ?? null)
  const places = { migrated: target.name, rolledBack: source.name, lost: null, inDoubt: null }
  return { outcome, runs: outcome === null ? null : (places[outcome as keyof typeof places] ?? null) }
}

function atTheEnd(
  stage: Stage,
  cell: Cell | null,
  played: Played,
  world: World,
  expected: Expected,
): string[] {
  const found: string[] = []
  const say = (right: boolean, words: string): void => void (right || found.push(words))
  const silent = played.recovered.length === 0 && played.first === null
  const inCharge =
    cell?.strike === 'stop at the source' ? [...world.running, ...world.standing] : world.running
  const wanted = expected.outcome === 'lost' ? [] : [expected.runs]
  if (silent) say(world.running.length === 1, `running on ${JSON.stringify(world.running)}, nothing was told`)
  else
    say(
      JSON.stringify(inCharge) === JSON.stringify(wanted),
      `${JSON.stringify(world)} after ${JSON.stringify(played)}`,
    )
  const outcome = cell?.outcome === 'revived' ? 'rolledBack' : cell?.outcome
  if (outcome && !silent)
    say(expected.outcome === outcome, `${expected.outcome} instead of ${outcome}: ${JSON.stringify(played)}`)
  if (cell?.outcome !== 'revived') say(!played.revived, `in doubt: ${JSON.stringify(played)}`)
  const pending = played.recovered.at(-1)?.pending ?? []
  say(pending.length === 0, `pending after recovery: ${pending.join('; ')}`)
  return found
}

/** The guest's own account: never twice, nothing lost, its memory whole. */
function ofTheGuest(report: BeatReport, cell: Cell | null, { revived }: Played): string[] {
  const { lost, backwards, doubled, corrupt, cookies } = report
  const boots = cell?.strike === 'reset at the source' ? 2 : 1
  const found: string[] = []
  if (corrupt) found.push('the memory of the guest has changed')
  if (lost > 0) found.push(`${lost} beats were lost`)
  if (cookies.length > boots) found.push(`the guest booted ${cookies.length} times`)
  // who gives the target up runs the guest again as it was
  if (!revived && doubled > 0) found.push(`${doubled} ms ran twice`)
  if (!revived && backwards > boots - 1) found.push(`the guest went back ${backwards} times`)
  return found
}

/** What stood by for a command goes within a second or so; what a link cut off, within half a minute. */
async function settledWorld(stage: Stage, expected: Expected): Promise<World> {
  for (let tries = 0; ; tries += 1) {
    const world = await look(stage, expected)
    if (world.leftovers.length === 0 || tries > 180) return world
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function look({ lab, source, target }: Stage, { outcome }: Expected): Promise<World> {
  const all: { hypervisor: Hypervisor; runs: boolean | null }[] = []
  const leftovers: string[] = []
  for (const host of [source, target]) {
    const here = await hypervisorsOn(host)
    for (const hypervisor of here) all.push({ hypervisor, runs: await runs(hypervisor) })
    leftovers.push(...(await leftOn(host, here, outcome === 'lost' && host === source)))
  }
  const journal = await must(lab.controller, 'find', '/run/journal', '-name', 'm-*')
  leftovers.push(...journal.split('\n').filter(Boolean))
  if (all.length > 1) leftovers.push(`${all.length} QEMUs`)
  const on = (state: boolean): string[] =>
    all.filter((one) => (one.runs === true) === state).map(({ hypervisor }) => hypervisor.host)
  return { running: on(true), standing: on(false), leftovers }
}

/** Processes and files of a migration that is over. A guest that died keeps its folder, for its log. */
async function leftOn(host: LabHost, here: readonly Hypervisor[], died: boolean): Promise<string[]> {
  const pids = new Set(here.map(({ pid }) => pid))
  const processes = (await host.processes()).filter(({ pid }) => !pids.has(pid))
  const listed = await must(
    host,
    'find',
    '/run/vmferry',
    '-mindepth',
    '2',
    '-not',
    '-type',
    'd',
    '-not',
    '-path',
    '*/.*/*',
  )
  const files = listed
    .split('\n')
    .filter((file) => file !== '' && !(OWN.test(file) && (here.length > 0 || died)))
  return [...processes.map(({ argv }) => argv.join(' ')), ...files].map(
    (what) => `left on ${host.name}: ${what}`,
  )
}

async function beats({ watch }: Stage, host: string): Promise<void> {
  const from = watch.beats.length
  const heard = (): number => watch.beats.slice(from).filter((beat) => beat.host === host).length
  await watch.until(() => heard() >= 12, { timeout: 10_000 })
}
