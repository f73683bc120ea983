import { chmod, copyFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ArchiveEntry } from './archive.ts'
import { initialRamDisk } from './archive.ts'
import { cached, cacheFolder } from './cache-folder.ts'
import { mustRun, runCommand } from './command.ts'
import { findProgram, missingPrograms } from './lab-problem.ts'

/** What QEMU boots. */
export interface LinuxImage {
  readonly kernel: string
  readonly initrd: string
}

/** Why there can be no Linux guest here, as a sentence, or null. The first time this fetches what is missing, about 10 MB. */
export async function linuxProblem(): Promise<string | null> {
  const missing = await missingPrograms({ 'qemu-system-x86_64': 'qemu-system-x86' })
  if (missing !== null) return missing
  return linuxImage().then(
    () => null,
    (error: unknown) => `no Linux guest: ${error instanceof Error ? error.message : String(error)}`,
  )
}

/**
 * A kernel and an initial RAM disk of a static busybox and our init. Taken from this machine where it has them, otherwise
 * from Debian's packages, which are unpacked and not installed; kept in the cache.
 */
export async function linuxImage(): Promise<LinuxImage> {
  const cache = await cacheFolder()
  const kernel = await cached('linux-kernel', copied(findKernel))
  const busybox = await cached('linux-busybox', copied(findBusybox))
  const disk = initialRamDisk([
    { name: 'dev', mode: 0o040755 },
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
    { name: 'bin', mode: 0o040755 },
    await program(busybox, 'bin/busybox'),
    await program(fileURLToPath(new URL('../guests/init', import.meta.url)), 'init'),
  ])
  const initrd = join(cache, 'linux-initrd')
  const old = await readFile(initrd).catch(() => undefined)
  // A guest that runs must find the same bytes at its destination: only a change is written, and whole.
  if (old === undefined || !disk.equals(old)) {
    const fresh = await mkdtemp(join(cache, 'build-'))
    await writeFile(join(fresh, 'initrd'), disk)
    await rename(join(fresh, 'initrd'), initrd)
    await rm(fresh, { recursive: true })
  }
  return { kernel, initrd }
}

/** What was found may be a file of this machine: the cache has a copy. */
function copied(find: (work: string) => Promise<string>): (work: string) => Promise<string> {
  return async (work) => {
    const copy = join(work, 'found')
    await copyFile(await find(work), copy)
    await chmod(copy, 0o755)
    return copy
  }
}

async function findKernel(work: string): Promise<string> {
  const installed = await kernelIn('/boot')
  if (installed !== undefined) return installed
  // The package of that name is empty and depends on the newest kernel.
  const { stdout } = await runCommand(['apt-cache', 'depends', 'linux-image-cloud-amd64'])
  const newest = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (newest === undefined) throw new Error('no kernel in /boot, and apt knows no linux-image-cloud-amd64')
  await unpack(newest, work)
  const kernel = await kernelIn(join(work, 'root', 'boot'))
  if (kernel === undefined) throw new Error(`the package ${newest} holds no kernel`)
  return kernel
}

async function findBusybox(work: string): Promise<string> {
  const installed = await findProgram('busybox')
  if (installed !== undefined) {
    const begin = (await readFile(installed)).subarray(0, 4096)
    // A dynamic program names its loader in its first page.
    if (!begin.includes('/ld-')) return installed
  }
  await unpack('busybox-static', work)
  return join(work, 'root', 'bin', 'busybox')
}

async function unpack(name: string, work: string): Promise<void> {
  // apt-get has no option for the folder that it downloads to.
  await mustRun(['env', `--chdir=${work}`, 'apt-get', 'download', '--quiet', name], { timeout: 120_000 })
  const file = (await readdir(work)).find((entry) => entry.endsWith('.deb'))
  if (file === undefined) throw new Error(`apt-get downloaded no package ${name}`)
  await mustRun(['dpkg-deb', '--extract', join(work, file), join(work, 'root')])
}

async function program(path: string, name: string): Promise<ArchiveEntry> {
  return { name, mode: 0o100755, content: await readFile(path) }
}

async function kernelIn(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => [])
  const name = names.filter((file) => file.startsWith('vmlinuz-')).toSorted()[0]
  return name === undefined ? undefined : join(folder, name)
}
