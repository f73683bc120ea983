import type { Stats } from 'node:fs'
import { lstat, mkdir, open } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { vmError } from '@vmferry/core/driver'
import { systemError } from './system-error.ts'

/** Where a user's journals are kept: `$XDG_STATE_HOME/vmferry/journal`, else `~/.local/state/vmferry/journal`. */
export function journalFolder(): string {
  const state = process.env['XDG_STATE_HOME'] ?? ''
  // The specification of the variable says that a relative path is to be ignored.
  const base = isAbsolute(state) ? state : join(homedir(), '.local', 'state')
  return join(base, 'vmferry', 'journal')
}

/** Makes the folder, durably, unless it is there; then it must be our own. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  await checkFolder(folder)
  if (first === undefined) return
  for (let made = folder; ; made = dirname(made)) {
    await syncFolder(dirname(made))
    if (made === first || made === dirname(made)) return
  }
}

/** False if there is no folder. VM_REFUSED if it is another user's, or others may write to it. */
export async function checkFolder(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch((error: unknown) => {
    if (systemError(error).code === 'ENOENT') return null
    throw error
  })
  if (found === null) return false
  if (!found.isDirectory()) {
    const kind = found.isSymbolicLink() ? 'a symbolic link' : 'no folder'
    throw vmError('VM_REFUSED', `the journal folder ${folder} is ${kind}`, {
      remedy: 'remove it, or give the real folder',
    })
  }
  checkOwner(folder, found)
  return true
}

/** VM_REFUSED if the file or folder is another user's, or others may write to it. */
export function checkOwner(path: string, { uid, mode }: Stats): void {
  const me = process.getuid?.()
  // Where there are no users, as on Windows, the home folder is all the protection that there is.
  if (me === undefined) return
  if (uid !== me) {
    throw vmError('VM_REFUSED', `${path} belongs to the user ${uid}, not to ${me} who keeps the journal`, {
      remedy: 'run vmferry as the user whose journal it is, or give another folder',
    })
  }
  if ((mode & 0o022) !== 0) {
    throw vmError('VM_REFUSED', `others may write to ${path}, which decides about running guests`, {
      remedy: `look at it, then: chmod go-w ${path}`,
    })
  }
}

/** Makes names that were added to the folder, or taken from it, outlive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows does not open folders, and needs no such help.
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}
