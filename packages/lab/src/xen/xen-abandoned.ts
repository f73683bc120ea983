import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownFolders } from '../lab-abandoned.ts'
import { isAlive, startTimeOf } from '../process-table.ts'

/** How the folder of a lab of Xen hosts begins. */
export const xenPrefix = 'vmferry-xen-'

/** Writes into a lab's folder which process it belongs to. */
export async function writeOwner(folder: string): Promise<void> {
  await writeFile(join(folder, 'owner'), `${process.pid} ${await startTimeOf(process.pid)}\n`)
}

/** Removes the folders of processes that are gone. Their hosts died with them. */
export async function removeAbandonedXen(): Promise<void> {
  for (const folder of await ownFolders(xenPrefix)) {
    const owner = await readFile(join(folder, 'owner'), 'utf8').catch(() => '')
    const [, pid, startTime] = /^(\d+) (\d+)\n$/.exec(owner) ?? []
    if (pid === undefined || (await isAlive({ pid: Number(pid), startTime: Number(startTime) }))) continue
    await rm(folder, { recursive: true, force: true })
  }
}
