import { createHash } from 'node:crypto'
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { plainArchive } from '../archive.ts'
import { assemblers } from '../assembled.ts'
import { cached } from '../cache-folder.ts'
import { mustRun } from '../command.ts'
import { unpackFrom } from '../debian-suite.ts'
import { copyModules } from '../kernel-modules.ts'
import { missingPrograms, problemOf } from '../lab-problem.ts'
import { installedQemu } from '../qemu-release.ts'
import { fileTree } from './file-tree.ts'
import { kernelPayload } from './kernel-payload.ts'

/** The release of Xen that the lab has: that of Debian 12. */
export const xenSeries = '4.17'

/** What a Xen host boots, as files. All of it is Debian's; what the lab adds comes with each lab. */
export interface XenImage {
  readonly hypervisor: string
  /** An ELF file, for dom0 and for guests. */
  readonly kernel: string
  /** An archive of dom0's programs and their libraries, and of the kernel as `lab/linux`. */
  readonly root: string
  /** The modules that dom0 needs, numbered in the order in which they are to be loaded. */
  readonly modules: string
  /** A static one. */
  readonly busybox: string
}

/** What makes it a Xen host, and what an empty machine would lack and each Debian has. */
const PACKAGES = [
  `xen-hypervisor-${xenSeries}-amd64 xen-utils-${xenSeries} xenstore-utils linux-image-amd64 openssh-server`,
  'busybox-static bash coreutils dash findutils grep hostname iproute2 kmod mawk mount procps sed util-linux',
].flatMap((line) => line.split(' '))

/** The folders that dom0 has of the packages. */
const TAKEN = /^(bin|sbin|lib|lib64|etc|usr$|usr\/(bin|sbin|lib))(\/|$)/

/** What is large there, and is not used by xl, xenstored and sshd. Of Python's modules most folders are. */
const LEFT_OUT = new RegExp(
  [
    /perl|\/gconv$|\/(modules|firmware|udev|systemd)$|^usr\/lib\/xen-[^/]*\/(boot|lib\/python)$/,
    /^usr\/lib\/python3$|^usr\/lib\/python3\.\d+\/(?!(collections|encodings|importlib|lib-dynload|re)$)[^./]+$/,
  ]
    .map(({ source }) => source)
    .join('|'),
)

/** Each after what it needs itself. */
const MODULES = [
  'xen-privcmd xenfs xen-evtchn xen-gntdev xen-gntalloc',
  'virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci',
  'failover net_failover virtio_net rng-core virtio-rng',
].flatMap((line) => line.split(' '))

const NEEDED = {
  ...assemblers,
  'qemu-system-x86_64': 'qemu-system-x86',
  setpriv: 'util-linux',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  xz: 'xz-utils',
}

/** Why there can be no Xen hosts here, as a sentence, or null. The first time this fetches what is missing, about 100 MB. */
export async function xenProblem(): Promise<string | null> {
  const missing = await missingPrograms(NEEDED)
  if (missing !== null) return missing
  const { version = '0.0' } = (await installedQemu()) ?? {}
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major * 100 + minor < 702)
    return `QEMU ${version} has no link between two machines: 7.2 is the first that has`
  return problemOf('no Xen hosts', xenImage())
}

/** Made of Debian's packages the first time, which are unpacked and not installed; kept in the cache (180 MB). */
export async function xenImage(onProgress: (line: string) => void = () => {}): Promise<XenImage> {
  const recipe = createHash('sha256').update([PACKAGES, TAKEN, LEFT_OUT, MODULES].join(' '))
  const folder = await cached(`xen-${xenSeries}-${recipe.digest('hex').slice(0, 16)}`, async (work) => {
    onProgress(`downloading Xen ${xenSeries} from Debian 12`)
    const root = join(work, 'root')
    await unpackFrom('bookworm', PACKAGES, join(work, 'apt'), root)
    onProgress('making an image of it')
    return make(root, join(work, 'made'))
  })
  const file = (name: string): string => join(folder, name)
  return {
    hypervisor: file('xen'),
    kernel: file('linux'),
    root: file('root.cpio'),
    modules: file('modules'),
    busybox: file('busybox'),
  }
}

async function make(root: string, made: string): Promise<string> {
  const boot = join(root, 'boot')
  const bootable = await readdir(boot)
  const only = (begin: string, end = ''): string => {
    const found = bootable.find((name) => name.startsWith(begin) && name.endsWith(end))
    if (found === undefined) throw new Error(`the packages hold no ${begin}…${end}`)
    return join(boot, found)
  }
  await copyModules(join(root, 'lib', 'modules'), MODULES, join(made, 'modules'))
  await writeFile(join(made, 'xen'), gunzipSync(await readFile(only('xen-', '.gz'))))
  const kernel = await plainKernel(only('vmlinuz-'), join(made, 'linux'))
  await copyFile(join(root, 'bin', 'busybox'), join(made, 'busybox'))
  const tree = await fileTree(root, (name) => TAKEN.test(name) && !LEFT_OUT.test(name))
  const own = [
    { name: 'lab', mode: 0o040755 },
    { name: 'lab/linux', mode: 0o100644, content: kernel },
  ]
  await writeFile(join(made, 'root.cpio'), plainArchive([...tree, ...own]))
  await rm(root, { recursive: true })
  return made
}

/** Writes the kernel of a bzImage to `file`, and resolves to its bytes. */
async function plainKernel(image: string, file: string): Promise<Buffer> {
  const { packed, size } = kernelPayload(await readFile(image))
  await writeFile(`${file}.xz`, packed)
  await mustRun(['xz', '--decompress', '--single-stream', `${file}.xz`])
  const kernel = await readFile(file)
  if (kernel.length !== size) throw new Error(`the kernel has ${kernel.length} bytes, not ${size}`)
  return kernel
}
