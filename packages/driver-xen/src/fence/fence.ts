import { type Fence, fence, type ShellPlace, type StayingShells, stayingShells } from '@vmferry/fence'
import type { XenHost } from '../xen-host.ts'
import { XEN_VERBS } from './verbs.ts'

/** The fence of one half of a migration: that of its domain's claims, and of its folder. */
export function fenceOf({ host, runDirectory, shells }: XenHost, domain: string, folder: string): Fence {
  return fence({ host, runDirectory, domain, folder, shells }, XEN_VERBS)
}

/** The shells of a host that know these verbs. */
export function shellsOf(place: ShellPlace): StayingShells {
  return stayingShells(place, XEN_VERBS)
}
