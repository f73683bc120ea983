import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabHost } from './lab-host.ts'
import { findProgram } from './lab-problem.ts'
import type { Unmask } from './mask.ts'
import { qemuPrograms } from './qemu-launcher.ts'
import { installedQemu, type QemuRelease } from './qemu-release.ts'

/**
 * Lets a host have that QEMU in the place of the installed one, for whatever starts it by its name or its full path. Guests
 * that run are left alone. Resolves to what brings the installed one back.
 */
export async function giveQemu(host: LabHost, release: QemuRelease): Promise<Unmask> {
  const masks: Unmask[] = []
  const installed = await installedQemu()
  if (installed === null) throw new Error('no QEMU is installed here that another one could lie over')
  if (installed.folder !== release.folder) {
    for (const name of qemuPrograms) {
      const path = await findProgram(name)
      if (path === undefined) continue
      masks.unshift(await host.replace(path, await readFile(join(release.folder, name), 'utf8'), 0o755))
    }
  }
  return async () => {
    for (const unmask of masks) await unmask()
  }
}
