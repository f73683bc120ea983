// oxlint-disable-next-line import/no-unassigned-import -- the container throws without it
import 'reflect-metadata/lite'
import {
  createFerry,
  DRIVER,
  type Driver,
  type Ferry,
  HOST_PROVIDER,
  type HostProvider,
  type LazyDriver,
  type Logger,
  lazy,
} from '@vmferry/core'
import { container } from 'tsyringe'
import { driverOfPackage } from './driver-package.ts'
import { lateHost } from './late-host.ts'
import { lateJournal } from './late-journal.ts'

/** What is shipped; each is loaded when a URI first asks for it. */
const SHIPPED: readonly LazyDriver[] = [
  lazy('qemu', () => import('@vmferry/driver-qemu')),
  lazy('xen', () => import('@vmferry/driver-xen')),
  lazy('test', () => import('@vmferry/driver-test')),
]

/** Composes the ferry of one command. A driver of `packages` takes the place of a shipped one of its name. */
export async function composeFerry(packages: readonly string[], from: string, log?: Logger): Promise<Ferry> {
  const extra = await Promise.all(packages.map((name) => driverOfPackage(name, from)))
  const replaced = new Set(extra.map(({ name }) => name))
  const parts = container.createChildContainer()
  for (const driver of [...extra, ...SHIPPED.filter(({ name }) => !replaced.has(name))])
    parts.register<Driver | LazyDriver>(DRIVER, { useFactory: () => driver })
  for (const host of [lateHost('local'), lateHost('ssh')])
    parts.register<HostProvider>(HOST_PROVIDER, { useFactory: () => host })
  return createFerry({
    drivers: parts.resolveAll<Driver | LazyDriver>(DRIVER),
    hosts: parts.resolveAll<HostProvider>(HOST_PROVIDER),
    journal: lateJournal(),
    ...(log && { log }),
  })
}
