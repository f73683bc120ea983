import { access, chmod, copyFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ArchiveEntry } from './archive.ts'
import { initialRamDisk } from './archive.ts'
import { cached, cacheFolder } from './cache-folder.ts'
import { mustRun, runCommand } from './command.ts'
import { copyModules } from './kernel-modules.ts'
import { findProgram, missingPrograms, problemOf } from './lab-problem.ts'
import { agentEntries } from './linux-agent.ts'

/** What QEMU boots. */
export interface LinuxImage {
  readonly kernel: string
  readonly initrd: string
}

/** Why there can be no Linux guest here, as a sentence, or null. The first time this fetches what is missing, about 10 MB. */
export async function linuxProblem(): Promise<string | null> {
  const missing = await missingPrograms({ 'qemu-system-x86_64': 'qemu-system-x86' })
  if (missing !== null) return missing
  return problemOf('no Linux guest', linuxImage())
}

/** What a kernel needs to see a virtio disk and the port of an agent, each after what it needs itself. */
const MODULES = [
  'virtio_ring',
  'virtio',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  'virtio_blk',
  'virtio_console',
]

/**
 * A kernel and an initial RAM disk of a static busybox, our init and the modules for a disk. Taken from this machine where it
 * has them, otherwise from Debian's packages, which are unpacked and not installed; kept in the cache. `withAgent`: it has QEMU's
 * guest agent, too.
 */
export async function linuxImage(withAgent = false): Promise<LinuxImage> {
  const cache = await cacheFolder()
  // One that was kept before a module was added to the list lacks it.
  const kernel = await cached(`linux-${MODULES.length}`, findKernel)
  const busybox = await cached('linux-busybox', copied(findBusybox))
  const modules = (await readdir(join(kernel, 'modules'))).toSorted()
  const disk = initialRamDisk([
    { name: 'dev', mode: 0o040755 },
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
    { name: 'bin', mode: 0o040755 },
    { name: 'modules', mode: 0o040755 },
    await program(busybox, 'bin/busybox'),
    await program(fileURLToPath(new URL('../guests/init', import.meta.url)), 'init'),
    ...(await Promise.all(modules.map((name) => program(join(kernel, 'modules', name), `modules/${name}`)))),
    ...(withAgent ? await agentEntries() : []),
  ])
  const initrd = join(cache, withAgent ? 'linux-agent-initrd' : 'linux-initrd')
  const old = await readFile(initrd).catch(() => undefined)
  // A guest that runs must find the same bytes at its destination: only a change is written, and whole.
  if (old === undefined || !disk.equals(old)) {
    const fresh = await mkdtemp(join(cache, 'build-'))
    await writeFile(join(fresh, 'initrd'), disk)
    await rename(join(fresh, 'initrd'), initrd)
    await rm(fresh, { recursive: true })
  }
  return { kernel: join(kernel, 'kernel'), initrd }
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

/** A folder with a kernel and its modules. */
async function findKernel(work: string): Promise<string> {
  const root = (await hasKernel('/')) ? '/' : await unpackKernel(work)
  const [name = ''] = await kernelsIn(root)
  const found = join(work, 'found')
  await copyModules(modulesOf(root, name), MODULES, join(found, 'modules'))
  await copyFile(join(root, 'boot', name), join(found, 'kernel'))
  return found
}

async function unpackKernel(work: string): Promise<string> {
  // The package of that name is empty and depends on the newest kernel.
  const { stdout } = await runCommand(['apt-cache', 'depends', 'linux-image-cloud-amd64'])
  const newest = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (newest === undefined) throw new Error('no kernel in /boot, and apt knows no linux-image-cloud-amd64')
  const root = await unpack(newest, work)
  if (!(await hasKernel(root))) throw new Error(`the package ${newest} holds no kernel with modules`)
  return root
}

async function findBusybox(work: string): Promise<string> {
  const installed = await findProgram('busybox')
  if (installed !== undefined) {
    const begin = (await readFile(installed)).subarray(0, 4096)
    // A dynamic program names its loader in its first page.
    if (!begin.includes('/ld-')) return installed
  }
  return join(await unpack('busybox-static', work), 'bin', 'busybox')
}

/** A package as its files would be installed, and the folder that they are in. */
async function unpack(name: string, work: string): Promise<string> {
  // apt-get has no option for the folder that it downloads to.
  await mustRun(['env', `--chdir=${work}`, 'apt-get', 'download', '--quiet', name], { timeout: 120_000 })
  const file = (await readdir(work)).find((entry) => entry.endsWith('.deb'))
  if (file === undefined) throw new Error(`apt-get downloaded no package ${name}`)
  await mustRun(['dpkg-deb', '--extract', join(work, file), join(work, 'root')])
  return join(work, 'root')
}

async function program(path: string, name: string): Promise<ArchiveEntry> {
  return { name, mode: 0o100755, content: await readFile(path) }
}

/** The names of the kernels below a root, the best first. */
async function kernelsIn(root: string): Promise<string[]> {
  const names = await readdir(join(root, 'boot')).catch(() => [])
  return names.filter((file) => file.startsWith('vmlinuz-')).toSorted()
}

async function hasKernel(root: string): Promise<boolean> {
  const [name] = await kernelsIn(root)
  if (name === undefined) return false
  return access(modulesOf(root, name)).then(
    () => true,
    () => false,
  )
}

function modulesOf(root: string, kernel: string): string {
  return join(root, 'lib', 'modules', kernel.slice('vmlinuz-'.length), 'kernel')
}
