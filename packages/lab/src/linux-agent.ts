import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ArchiveEntry } from './archive.ts'
import { cached } from './cache-folder.ts'
import { mustRun } from './command.ts'
import { unpackFrom } from './debian-suite.ts'

const LOADER = 'ld-linux-x86-64.so.2'
const PROGRAM = 'qemu-ga'

/**
 * Debian's QEMU guest agent with its libraries, as files of an initial RAM disk, and `hwclock` for it from the busybox there. The
 * first time it is downloaded, about 8 MB, and kept in the cache.
 */
export async function agentEntries(): Promise<ArchiveEntry[]> {
  const folder = await cached('linux-agent', findAgent)
  const files = (await readdir(folder)).toSorted().map(async (name) => {
    const place = name === PROGRAM ? 'sbin' : name === LOADER ? 'lib64' : 'lib/x86_64-linux-gnu'
    return { name: `${place}/${name}`, mode: 0o100755, content: await readFile(join(folder, name)) }
  })
  const folders = ['sbin', 'lib64', 'lib', 'lib/x86_64-linux-gnu'].map((name) => ({ name, mode: 0o040755 }))
  const hwclock = { name: 'sbin/hwclock', mode: 0o120777, content: Buffer.from('/bin/busybox') }
  return [...folders, hwclock, ...(await Promise.all(files))]
}

/** A folder with the program, its loader and its libraries. */
async function findAgent(work: string): Promise<string> {
  const root = join(work, 'root')
  await unpackFrom('bookworm', ['qemu-guest-agent'], join(work, 'apt'), root)
  const program = join(root, 'usr/sbin', PROGRAM)
  const loader = join(root, 'lib64', LOADER)
  const libraries = ['lib', 'usr/lib'].map((name) => join(root, name, 'x86_64-linux-gnu')).join(':')
  const list = await mustRun([loader, '--inhibit-cache', '--library-path', libraries, '--list', program])
  const found = join(work, 'found')
  await mkdir(found)
  const needed = [...list.matchAll(/=> (\S+)/g)].map(([, path = '']) => path)
  for (const path of [program, loader, ...needed]) await copyFile(path, join(found, basename(path)))
  return found
}
