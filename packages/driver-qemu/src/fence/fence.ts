import { type Fence, fence, type ShellPlace, type StayingShells, stayingShells } from '@vmferry/fence'
import type { GuestFolder } from '../guest/run-directory.ts'
import type { QemuHost } from '../qemu-host.ts'
import { QEMU_VERBS } from './verbs.ts'

/** The fence of one guest: that of its domain's claims, and of its QEMU. */
export function fenceOf(
  { host, runDirectory, shells }: QemuHost,
  domain: string,
  folder: GuestFolder,
): Fence {
  return fence({ host, runDirectory, domain, folder: folder.path, shells }, QEMU_VERBS)
}

/** The shells of a host that know these verbs. */
export function shellsOf(place: ShellPlace): StayingShells {
  return stayingShells(place, QEMU_VERBS)
}
