import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArchiveEntry } from '../archive.ts'

/** What is below `folder`, as it is to be archived: folders, files and links, each after the folder that it is in. */
export async function fileTree(
  folder: string,
  wanted: (name: string) => boolean,
  below = '',
): Promise<ArchiveEntry[]> {
  const found: ArchiveEntry[] = []
  for (const child of (await readdir(join(folder, below))).toSorted()) {
    const name = join(below, child)
    if (!wanted(name)) continue
    const path = join(folder, name)
    const status = await lstat(path)
    if (status.isSymbolicLink())
      found.push({ name, mode: status.mode, content: Buffer.from(await readlink(path)) })
    else if (status.isFile()) found.push({ name, mode: status.mode, content: await readFile(path) })
    else if (status.isDirectory())
      found.push({ name, mode: status.mode }, ...(await fileTree(folder, wanted, name)))
  }
  return found
}
