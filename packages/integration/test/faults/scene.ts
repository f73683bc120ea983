import { type BeatWatch, beatGuest, type Lab, type LabHost, watchBeats } from '@vmferry/lab'
import { signalled } from '../process-state.ts'
import type { Controller, Verdict } from './controller-process.ts'
import { sendOn } from './controller-process.ts'

/** The guest of all cells. */
export const DOMAIN = 'web1'

/** Small enough to move in half a second, and busy. */
const SIZE = { memoryMiB: 64, fillMiB: 32, ringMiB: 4, pagesPerTick: 4 }

/** The journal of another controller that wants the same guest. */
export const RIVAL = '/run/journal/rival'

/** A memory file of the target that can be made too small for the guest. */
export const RAM_FOLDER = '/run/ram'

/** One migration and everything that a strike may want to touch. */
export interface Scene {
  readonly lab: Lab
  readonly source: LabHost
  readonly target: LabHost
  readonly watch: BeatWatch
  readonly controller: Controller
  /** What lifts the faults, the last one first. */
  readonly mend: (() => Promise<unknown>)[]
  /** Other controllers that came in between. */
  readonly rivals: Promise<readonly Verdict[]>[]
}

/** A lab in which each host keeps what can run full on a small disk of its own. */
export async function furnish(lab: Lab): Promise<void> {
  for (const host of [lab.alpha, lab.beta]) {
    await mount(host, '/run/vmferry', 'size=4m,nr_inodes=300')
    await mount(host, RAM_FOLDER, 'size=256m')
  }
  await mount(lab.controller, '/run/journal', 'size=256k,nr_inodes=100,mode=0700')
}

async function mount(host: LabHost, folder: string, options: string): Promise<void> {
  await must(host, 'mkdir', '-p', folder)
  await must(host, 'mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder)
}

/** Runs a command on a host; what it printed. Rejects where it fails. */
export async function must(host: LabHost, ...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await host.exec(argv, { timeout: 20_000 })
  if (code !== 0) throw new Error(`${argv.join(' ')} on ${host.name}: ${stderr}`)
  return stdout
}

export function uriOf(host: LabHost, run = ''): string {
  return `qemu+ssh://root@${host.name}/system${run && `?run=${run}`}`
}

/** Starts the guest and listens to it on both hosts. */
export async function startGuest(lab: Lab, on: LabHost, extra: readonly string[] = []): Promise<BeatWatch> {
  const { argv, beatPath } = await beatGuest({ name: DOMAIN, ...SIZE, extra })
  const errand = {
    does: 'start',
    source: uriOf(on),
    domain: DOMAIN,
    argv,
    journal: '/run/journal/start',
  } as const
  const [failure] = await sendOn(lab, errand).ended
  if (failure) throw new Error(`the guest could not be started: ${failure.words}`)
  const watch = watchBeats([lab.alpha, lab.beta].map((host) => ({ host, path: beatPath })))
  await watch.until((beats) => beats.length > 25)
  return watch
}

/** Ends every process of the hosts and empties their disks, whatever a cell left. */
export async function clear(lab: Lab): Promise<void> {
  for (const host of [lab.alpha, lab.beta]) {
    for (const { pid } of await host.processes()) signalled(pid, 'SIGKILL')
    await must(host, 'sh', '-c', `rm -rf /run/vmferry/* /run/vmferry/.[!.]* ${RAM_FOLDER}/* /run/*.beat*`)
  }
  await must(lab.controller, 'sh', '-c', 'rm -rf /run/journal/*')
}
