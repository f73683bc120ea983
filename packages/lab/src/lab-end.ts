import { readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { markFile } from './host-namespace.ts'
import type { HostState, LabState } from './lab-state.ts'
import { currentBoot } from './lab-state.ts'
import type { ProcessId } from './process-table.ts'
import { endAll, isAlive, namespaceOf, processesIn } from './process-table.ts'

/** Everything a lab writes below its folder; the state is removed last, so that a second try finds its way. */
const written = ['hosts', 'ssh', 'lab.json.new', 'lab.json']

/** Ends all processes of a lab, whoever started them, and removes its files. */
export async function endLab(folder: string, state: LabState): Promise<void> {
  if (state.bootId === (await currentBoot())) {
    const hosts = Object.values(state.hosts)
    await endAll(async () => (await Promise.all(hosts.map((host) => inhabitants(host, state.id)))).flat())
    const alive = await Promise.all(hosts.map(({ holder }) => isAlive(holder)))
    const holders = hosts.map(({ holder }) => holder).filter((_, index) => alive[index])
    await endAll(async () => {
      const left = await Promise.all(holders.map((holder) => isAlive(holder)))
      return holders.filter((_, index) => left[index])
    })
  }
  if (state.temporary) {
    await rm(folder, { recursive: true, force: true })
    return
  }
  for (const name of written) await rm(join(folder, name), { recursive: true, force: true })
  await rmdir(folder).catch(() => {
    // It holds something that is not the lab's.
  })
}

/** The processes of a host, without its holder, which keeps the number of the namespace from being used again. */
async function inhabitants(host: HostState, id: string): Promise<ProcessId[]> {
  const kept = await isAlive(host.holder)
  const found: ProcessId[] = []
  for (const process of await processesIn(host.net)) {
    if (process.pid === host.holder.pid) continue
    if (kept || (await isMarked(process.pid, host, id))) found.push(process)
  }
  return found
}

async function isMarked(pid: number, host: HostState, id: string): Promise<boolean> {
  if ((await namespaceOf(pid, 'mnt')) !== host.mnt) return false
  const mark = await readFile(join('/proc', `${pid}`, 'root', 'run', markFile), 'utf8').catch(() => '')
  return mark.trim() === id
}
