import { chmod, cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cached } from './cache-folder.ts'
import { mustRun } from './command.ts'
import { unpackFrom } from './debian-suite.ts'
import { findProgram, problemOf } from './lab-problem.ts'
import { bundle, launcher, qemuPrograms, unpackedCommand } from './qemu-launcher.ts'

/** A QEMU that guests of the lab can run on. */
export interface QemuRelease {
  /** In full, such as `10.0.13`. */
  readonly version: string
  /** Where `qemu-system-x86_64` and `qemu-img` are. */
  readonly folder: string
}

/** The QEMU releases that the lab provides, and the Debian release that has each. */
const suites = { '7.2': 'bookworm', '10.0': 'trixie', '11.1': 'forky' } as const

/** What of QEMU has SPICE, where that is a package of its own. */
const spiceParts = { '7.2': [], '10.0': ['qemu-system-modules-spice'], '11.1': ['qemu-system-modules-spice'] }

/** The first two numbers of a QEMU's version. */
export type QemuSeries = keyof typeof suites

/** All that the lab provides, oldest first. */
export const qemuSeries: readonly QemuSeries[] = ['7.2', '10.0', '11.1']

/** The QEMU that is installed on this machine, or null. */
export async function installedQemu(): Promise<QemuRelease | null> {
  const program = await findProgram('qemu-system-x86_64')
  return program === undefined ? null : { version: await versionOf([program]), folder: dirname(program) }
}

/**
 * The one installed on this machine where it is of that series, otherwise Debian's: downloaded with all its libraries the
 * first time, about 45 MB, unpacked and not installed, and kept in the cache (200 MB).
 */
export function qemuRelease(
  series: QemuSeries,
  onProgress: (line: string) => void = () => {},
): Promise<QemuRelease> {
  return provided(series, [], onProgress)
}

/** The same with SPICE, for which Debian's are another 120 MB from 10.0 on (450 MB in the cache). */
export async function spiceQemu(series: QemuSeries): Promise<QemuRelease> {
  return provided(series, spiceParts[series], () => {})
}

async function provided(
  series: QemuSeries,
  parts: readonly string[],
  onProgress: (line: string) => void,
): Promise<QemuRelease> {
  const installed = await installedQemu()
  if (parts.length === 0 && installed?.version.startsWith(`${series}.`)) return installed
  const place = await cached([`qemu-${series}`, ...parts].join('+'), (work, there) => {
    onProgress(`downloading QEMU ${series} from Debian ${suites[series]}`)
    return make(series, parts, work, there)
  })
  const folder = join(place, 'bin')
  return { version: await versionOf([join(folder, 'qemu-system-x86_64')]), folder }
}

/**
 * A QEMU that misses no write of a guest while it is copied: the installed one from 9.0 on. An older one does without KVM;
 * only a guest that is made for it, as {@link beatGuest}'s is, arrives whole there.
 */
export async function exactQemu(): Promise<QemuRelease> {
  const installed = await installedQemu()
  if (installed !== null && Number.parseInt(installed.version, 10) >= 9) return installed
  return qemuRelease('10.0')
}

/** Why {@link qemuRelease} cannot give that one here, as a sentence, or null. The first time this fetches it. */
export const qemuReleaseProblem = (series: QemuSeries): Promise<string | null> =>
  problemOf('no such QEMU', qemuRelease(series))

/** Why {@link exactQemu} can give none here, as a sentence, or null. The first time this fetches it. */
export const exactQemuProblem = (): Promise<string | null> => problemOf('no such QEMU', exactQemu())

/** In a folder of `work`; its programs run from `place`. */
async function make(
  series: QemuSeries,
  parts: readonly string[],
  work: string,
  place: string,
): Promise<string> {
  const fresh = join(work, 'made')
  const root = join(fresh, 'root')
  await unpackFrom(suites[series], ['qemu-system-x86', 'qemu-utils', ...parts], join(work, 'apt'), root)
  // Packages of Debian 12 and older have files in /lib, which is a name of /usr/lib on the machine they are made for.
  if ((await readdir(root)).includes('lib'))
    await cp(join(root, 'lib'), join(root, 'usr', 'lib'), { recursive: true, verbatimSymlinks: true })
  await bundle(root)
  const version = await versionOf(unpackedCommand(root, 'qemu-system-x86_64'))
  if (!version.startsWith(`${series}.`)) throw new Error(`Debian ${suites[series]} has QEMU ${version} now`)
  await mkdir(join(fresh, 'bin'))
  for (const name of qemuPrograms) {
    const file = join(fresh, 'bin', name)
    await writeFile(file, launcher(unpackedCommand(join(place, 'root'), name)))
    await chmod(file, 0o755)
  }
  return fresh
}

async function versionOf(argv: readonly string[]): Promise<string> {
  const said = await mustRun([...argv, '--version'])
  const version = /version (\d+\.\d+\.\d+)/.exec(said)?.[1]
  if (version === undefined) throw new Error(`${argv.join(' ')} does not tell its version: ${said}`)
  return version
}
