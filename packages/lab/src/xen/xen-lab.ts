import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plainArchive } from '../archive.ts'
import { dom0Files } from './dom0-files.ts'
import { freePorts } from './free-port.ts'
import { removeAbandonedXen, writeOwner, xenPrefix } from './xen-abandoned.ts'
import type { XenHost } from './xen-host.ts'
import { xenHost } from './xen-host.ts'
import { xenImage } from './xen-image.ts'
import type { XenKeys } from './xen-keys.ts'
import { writeXenKeys } from './xen-keys.ts'
import type { XenHostName } from './xen-network.ts'
import { endMachine, machineReady, startMachine } from './xen-process.ts'

/** Two emulated machines with Xen, and a link between them. Each can `ssh` to the other by its name, as `xl migrate` does. */
export interface XenLab extends AsyncDisposable {
  readonly alpha: XenHost
  readonly beta: XenHost
  /** How an ssh client reaches them: `ssh -F CONFIG alpha`, with strict host keys. */
  readonly ssh: XenKeys
  /** Takes down beta's end of the link: connections stand still without an error, new ones fail after about 3 s. */
  cutLink(): Promise<void>
  restoreLink(): Promise<void>
  /** Ends both machines and removes their files. Idempotent. */
  close(): Promise<void>
}

/** Who hears of it. */
export interface XenLabOptions {
  /** Hears one plain sentence per step. */
  readonly onProgress?: (line: string) => void
}

/**
 * Boots two Xen hosts and resolves when `xl list` works on both: half a minute on two busy cores, and a minute more the first time.
 * Needs no root, 1.2 GB of memory for each host, and what {@link xenProblem} names. The hosts die with this process, however it ends.
 */
export async function openXenLab(options: XenLabOptions = {}): Promise<XenLab> {
  const { onProgress = () => {} } = options
  await removeAbandonedXen()
  const image = await xenImage(onProgress)
  const folder = await realpath(await mkdtemp(join(tmpdir(), xenPrefix)))
  const machines: ChildProcess[] = []
  const close = async (): Promise<void> => {
    await Promise.all(machines.map((machine) => endMachine(machine)))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await writeOwner(folder)
    const [alphaPort = 0, betaPort = 0] = await freePorts(2)
    const keys = await writeXenKeys(join(folder, 'ssh'), { alpha: alphaPort, beta: betaPort })
    const files = plainArchive(await dom0Files(image, keys))
    await writeFile(join(folder, 'dom0.cpio'), Buffer.concat([await readFile(image.root), files]))
    await symlink(image.hypervisor, join(folder, 'xen'))
    await symlink(image.kernel, join(folder, 'linux'))
    onProgress('booting alpha and beta')
    const boot = async (name: XenHostName, port: number): Promise<XenHost> => {
      const machine = await startMachine(folder, name, port)
      machines.push(machine)
      await machineReady(folder, name, machine)
      const host = xenHost(name, port, machine.pid ?? 0, keys)
      const { code, stderr } = await host.exec(['xl', 'list'])
      if (code !== 0) throw new Error(`xl does not work on ${name}: ${stderr.trim()}`)
      return host
    }
    const [alpha, beta] = await Promise.all([boot('alpha', alphaPort), boot('beta', betaPort)])
    // QEMU has read it.
    await rm(join(folder, 'dom0.cpio'))
    onProgress(`both are up: ssh -F ${keys.config} alpha`)
    return labOf(alpha, beta, keys, close)
  } catch (error) {
    await close()
    throw error
  }
}

function labOf(alpha: XenHost, beta: XenHost, ssh: XenKeys, end: () => Promise<void>): XenLab {
  const setLink = async (state: 'up' | 'down'): Promise<void> => {
    const { code, stderr } = await beta.exec(['ip', 'link', 'set', 'data', state])
    if (code !== 0) throw new Error(`the link cannot be set ${state}: ${stderr.trim()}`)
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= end())
  return {
    alpha,
    beta,
    ssh,
    cutLink: () => setLink('down'),
    restoreLink: () => setLink('up'),
    close,
    [Symbol.asyncDispose]: close,
  }
}
