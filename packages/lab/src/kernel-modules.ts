import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { mustRun } from './command.ts'

/**
 * Copies modules of a kernel from below a folder, numbered in the order in which they are to be loaded: each stands after what it
 * needs itself. What the kernel has built in has no file.
 */
export async function copyModules(from: string, names: readonly string[], to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  const files = await readdir(from, { recursive: true })
  for (const [index, name] of names.entries()) {
    const file = files.find((path) => basename(path, '.xz') === `${name}.ko`)
    if (file === undefined) continue
    const copy = join(to, `${String(index).padStart(2, '0')}-${name}.ko`)
    const packed = file.endsWith('.xz')
    await copyFile(join(from, file), packed ? `${copy}.xz` : copy)
    if (packed) await mustRun(['xz', '--decompress', `${copy}.xz`])
  }
}
