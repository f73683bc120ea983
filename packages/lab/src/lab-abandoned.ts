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
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(temporaryPrefix)) continue
    const folder = join(tmpdir(), name)
    // Anybody may write to a temporary folder: only what this user made is believed.
    const kind = await lstat(folder).catch(() => undefined)
    if (!kind?.isDirectory() || kind.uid !== process.getuid?.()) continue
    const state = await readState(folder).catch(() => undefined)
    if (state === undefined || !state.temporary || (await isAlive(state.owner))) continue
    onProgress(`removing the lab that a process which is gone left in ${folder}`)
    await endLab(folder, state).catch((error: unknown) => onProgress(`${folder} stays: ${String(error)}`))
  }
}
