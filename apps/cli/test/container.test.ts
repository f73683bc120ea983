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
  lazy,
} from '@vmferry/core'
import { createWorld, test as hypervisor } from '@vmferry/driver-test'
import { container } from 'tsyringe'
import { expect, test } from 'vitest'
import { composeFerry } from '../src/container.ts'

/** A provider that no driver here asks for. */
const nowhere: HostProvider = { name: 'nowhere', open: () => Promise.reject(new Error('nowhere')) }

const fast = () => hypervisor({ world: createWorld({ linkBytesPerSecond: Number.POSITIVE_INFINITY }) })

/** Where the domain is in the end. */
async function ferried(ferry: Ferry): Promise<string> {
  const here = await ferry.connect('test:///default')
  const there = await ferry.connect('test:///beta')
  const moved = await (await here.domain('web1')).migrate(there, { live: true })
  await ferry.close()
  return moved.connection.uri
}

test('a ferry is made without any container', async () => {
  expect(await ferried(createFerry({ drivers: [fast()], hosts: [nowhere] }))).toBe('test:///beta')
})

test('a container keeps drivers and host providers under the tokens', async () => {
  const parts = container.createChildContainer()
  const late = lazy('qemu', () => import('@vmferry/driver-qemu'))
  parts.register<Driver | LazyDriver>(DRIVER, { useFactory: fast })
  parts.register<Driver | LazyDriver>(DRIVER, { useFactory: () => late })
  parts.register<HostProvider>(HOST_PROVIDER, { useFactory: () => nowhere })
  const drivers = parts.resolveAll<Driver | LazyDriver>(DRIVER)
  const hosts = parts.resolveAll<HostProvider>(HOST_PROVIDER)
  expect(drivers.map(({ name }) => name)).toEqual(['test', 'qemu'])
  expect(hosts).toEqual([nowhere])
  expect(await ferried(createFerry({ drivers, hosts }))).toBe('test:///beta')
})

test('the tokens are global, so that two copies of core have the same', () => {
  expect(Symbol.keyFor(DRIVER)).toBe('@vmferry/core/driver@1')
  expect(Symbol.keyFor(HOST_PROVIDER)).toBe('@vmferry/core/host-provider@1')
})

test('the command has the shipped drivers and both ways to a host, and leaves the global container alone', async () => {
  const ferry = await composeFerry([], process.cwd())
  const here = await ferry.connect('test:///default')
  expect(here.driver).toBe('test')
  await expect(ferry.connect('bhyve:///')).rejects.toMatchObject({
    remedy: 'this ferry has qemu, xen, test',
  })
  await expect(ferry.connect('qemu+carrier://alpha/system')).rejects.toMatchObject({
    remedy: 'this ferry has local, ssh',
  })
  expect(container.isRegistered(DRIVER)).toBe(false)
  expect(container.isRegistered(HOST_PROVIDER)).toBe(false)
  await ferry.close()
})
