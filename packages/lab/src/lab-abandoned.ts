import { lstat, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endLab } from './lab-end.ts'
import { readState } from './lab-state.ts'
import { isAlive } from './process-table.ts'

/** How the folder of a temporary lab begins. */
export const temporaryPrefix = 'vmferry-lab-'

/** Ends the temporary labs whose owner died without closing them, so that a crashed test run costs nothing for long. */
export async function removeAbandoned(onProgress: (line: string) => void): Promise<void> {
  for (const folder of await ownFolders(temporaryPrefix)) {
    const state = await readState(folder).catch(() => undefined)
    if (state === undefined || !state.temporary || (await isAlive(state.owner))) continue
    onProgress(`removing the lab that a process which is gone left in ${folder}`)
    await endLab(folder, state).catch((error: unknown) => onProgress(`${folder} stays: ${String(error)}`))
  }
}

/** The temporary folders that begin so and are this user's: anybody may write there, and only what this user made is believed. */
export async function ownFolders(prefix: string): Promise<string[]> {
  const own: string[] = []
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const folder = join(tmpdir(), name)
    const kind = await lstat(folder).catch(() => undefined)
    if (kind?.isDirectory() && kind.uid === process.getuid?.()) own.push(folder)
  }
  return own
}
