import { type Fence, fence } from '@vmferry/fence'
import type { XenHost } from '../xen-host.ts'
import { XEN_VERBS } from './verbs.ts'

/** The fence of one half of a migration: that of its domain's claims, and of its folder. */
export function fenceOf({ host, runDirectory }: XenHost, domain: string, folder: string): Fence {
  return fence({ host, runDirectory, domain, folder }, XEN_VERBS)
}
