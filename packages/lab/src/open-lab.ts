import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { furnish, startDaemon, startHolder } from './host-namespace.ts'
import type { Lab } from './lab.ts'
import { labOf } from './lab.ts'
import { removeAbandoned, temporaryPrefix } from './lab-abandoned.ts'
import { endLab } from './lab-end.ts'
import { labProblem } from './lab-problem.ts'
import type { HostName, LabState } from './lab-state.ts'
import { currentBoot, hostNames, readState, writeState } from './lab-state.ts'
import { layCables } from './network.ts'
import { isAlive, startTimeOf } from './process-table.ts'
import { writeKeys } from './secure-shell.ts'

/** Where a lab is made and who hears of it. */
export interface LabOptions {
  /** Default: a new temporary folder, removed by `close()`. Otherwise what the lab wrote is removed. */
  readonly folder?: string
  /** Hears one plain sentence per step. */
  readonly onProgress?: (line: string) => void
}

/**
 * Makes a lab: about half a second. The machine itself is left as it is; the one trace is an empty `~/.ssh`, made where
 * there was none, because the hosts' own lie over it. Rejects when {@link labProblem} names a problem and when the folder
 * holds a lab that runs; one that was left behind there is ended first.
 */
export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const { onProgress = () => {} } = options
  const problem = await labProblem()
  if (problem !== null) throw new Error(`no lab can be made: ${problem}`)
  if (options.folder === undefined) await removeAbandoned(onProgress)
  const folder = await labFolder(options.folder)
  const old = await readState(folder)
  if (old !== undefined) {
    if (await isUp(old))
      throw new Error(`a lab is up in ${folder} already: take it down or choose another folder`)
    onProgress('removing what an earlier lab left behind')
    await endLab(folder, { ...old, temporary: false })
    await mkdir(folder, { recursive: true })
  }
  await mkdir(join(userInfo().homedir, '.ssh'), { recursive: true, mode: 0o700 })
  onProgress('making keys')
  await writeKeys(folder)
  onProgress('making the hosts controller, alpha and beta')
  const state = await startHosts(folder, options.folder === undefined)
  try {
    const pid = (name: HostName): number => state.hosts[name].holder.pid
    await Promise.all(hostNames.map((name) => furnish(folder, name, pid(name), state.id)))
    onProgress('laying the control and data networks')
    await layCables({ controller: pid('controller'), alpha: pid('alpha'), beta: pid('beta') })
    onProgress('starting sshd on alpha and beta')
    await Promise.all((['alpha', 'beta'] as const).map((name) => startDaemon(folder, name, pid(name))))
  } catch (error) {
    await endLab(folder, state)
    throw error
  }
  onProgress(`the lab is up in ${folder}`)
  return labOf(folder, state)
}

/** A handle on the lab that runs in `folder`, made by whatever process, or null. */
export async function findLab(folder: string): Promise<Lab | null> {
  const state = await readState(resolve(folder))
  return state !== undefined && (await isUp(state)) ? labOf(resolve(folder), state) : null
}

/** Ends the lab in `folder`, also one whose processes are partly gone. Tells whether there was one. */
export async function removeLab(folder: string): Promise<boolean> {
  const state = await readState(resolve(folder))
  if (state !== undefined) await endLab(resolve(folder), state)
  return state !== undefined
}

async function labFolder(wanted: string | undefined): Promise<string> {
  if (wanted === undefined) return realpath(await mkdtemp(join(tmpdir(), temporaryPrefix)))
  await mkdir(wanted, { recursive: true })
  const folder = await realpath(wanted)
  if (`${folder}/`.startsWith('/run/')) {
    throw new Error(
      `a lab cannot live in ${folder}: each host has a /run of its own, so it would not see its files`,
    )
  }
  return folder
}

async function isUp(state: LabState): Promise<boolean> {
  const alive = await Promise.all(Object.values(state.hosts).map(({ holder }) => isAlive(holder)))
  return alive.every(Boolean) && state.bootId === (await currentBoot())
}

async function startHosts(folder: string, temporary: boolean): Promise<LabState> {
  const started = await Promise.allSettled(hostNames.map((name) => startHolder(folder, name)))
  const [controller, alpha, beta] = started.map((host) =>
    host.status === 'fulfilled' ? host.value : undefined,
  )
  if (controller === undefined || alpha === undefined || beta === undefined) {
    for (const host of [controller, alpha, beta])
      if (host !== undefined) process.kill(host.holder.pid, 'SIGKILL')
    throw started.find((host) => host.status === 'rejected')?.reason
  }
  const owner = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? 0 }
  const hosts = { controller, alpha, beta }
  const state: LabState = { bootId: await currentBoot(), id: randomUUID(), owner, temporary, hosts }
  await writeState(folder, state)
  return state
}
