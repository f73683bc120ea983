import { expect, test } from 'vitest'
import { capabilitiesFromXml } from '../src/capabilities-xml.ts'
import { VIR_MIGRATE_LIVE, virConnectGetCapabilities, virDomainMigrate } from '../src/libvirt.ts'
import { FAKE_CAPABILITIES, fakeDriver } from './fake-driver.ts'
import { ferried, rejection } from './ferried.ts'

test('the hypervisor-agnostic call of 2007 moves a domain', async () => {
  const { web1, there, world } = await ferried()
  const ddom = await virDomainMigrate(web1, there, VIR_MIGRATE_LIVE, null, null, 0)
  expect(ddom.connection).toBe(there)
  expect(world.requests[0]).toMatchObject({ live: true, rename: null, uri: null, bandwidth: 0 })
})

test('the hypervisor-specific call of 2007 moves a domain', async () => {
  const { web1, there, world } = await ferried()
  const ddom = await virDomainMigrate(web1, there, 0, 'web2', 'wire://root@dest/', 10)
  expect(ddom.name).toBe('web2')
  expect(world.requests[0]).toMatchObject({
    live: false,
    rename: 'web2',
    bandwidth: 1_250_000,
    uri: { host: 'dest', user: 'root' },
  })
})

test.each([2, 3, -1, 1.5, Number.NaN, 2 ** 40])(
  'the unknown flag %d is VM_INVALID before any side effect',
  async (flags) => {
    const { web1, there, world } = await ferried()
    world.calls.length = 0
    expect(await rejection(virDomainMigrate(web1, there, flags, null, null, 0))).toMatchObject({
      code: 'VM_INVALID',
    })
    expect(world.calls).toEqual([])
  },
)

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
  'a resource of %d is VM_INVALID',
  async (resource) => {
    const { web1, there } = await ferried()
    expect(await rejection(virDomainMigrate(web1, there, 0, null, null, resource))).toMatchObject({
      code: 'VM_INVALID',
    })
  },
)

test('an empty new name is VM_INVALID, and no name keeps the name', async () => {
  const { web1, there } = await ferried()
  expect(await rejection(virDomainMigrate(web1, there, 0, '', null, 0))).toMatchObject({ code: 'VM_INVALID' })
  expect((await virDomainMigrate(web1, there, 0, null, null, 0)).name).toBe('web1')
})

test('what the driver lacks is an error before any side effect, and a resource of 0 never is', async () => {
  const { web1, there, world } = await ferried((inner) =>
    fakeDriver(inner, {
      ...FAKE_CAPABILITIES,
      live: false,
      resource: false,
      domainRename: false,
      uriTransports: ['wire'],
    }),
  )
  world.calls.length = 0
  for (const call of [
    () => virDomainMigrate(web1, there, VIR_MIGRATE_LIVE, null, null, 0),
    () => virDomainMigrate(web1, there, 0, 'web2', null, 0),
    () => virDomainMigrate(web1, there, 0, null, 'string://dest', 0),
    () => virDomainMigrate(web1, there, 0, null, null, 1),
  ]) {
    expect(await rejection(call())).toMatchObject({ code: 'VM_UNSUPPORTED' })
  }
  expect(world.calls).toEqual([])
  await virDomainMigrate(web1, there, 0, null, 'dest', 0)
})

test('the capabilities document tells the four elements', async () => {
  const { here } = await ferried()
  expect(capabilitiesFromXml(virConnectGetCapabilities(here))).toEqual({
    live: true,
    resource: true,
    domainRename: true,
    uriTransports: ['wire', 'string'],
  })
})
