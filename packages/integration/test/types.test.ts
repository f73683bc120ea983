import { type Connection, createFerry, type Domain, type Driver, lazy } from '@vmferry/core'
import { type QEMU_CAPABILITIES, qemu } from '@vmferry/driver-qemu'
import { test as hypervisor, type TEST_CAPABILITIES } from '@vmferry/driver-test'
import { expect, expectTypeOf, test } from 'vitest'

type Qemu = typeof QEMU_CAPABILITIES
type Memory = typeof TEST_CAPABILITIES

const UNSUPPORTED = { code: 'VM_UNSUPPORTED', phase: 'check' }

test('the manifest of each driver is a literal type', () => {
  expectTypeOf(qemu).returns.toEqualTypeOf<Driver<'qemu', Qemu>>()
  expectTypeOf<Qemu['live']>().toEqualTypeOf<true>()
  expectTypeOf<Qemu['resource']>().toEqualTypeOf<true>()
  expectTypeOf<Qemu['domainRename']>().toEqualTypeOf<true>()
  expectTypeOf<Qemu['postCopy']>().toEqualTypeOf<true>()
  expectTypeOf<Qemu['uriTransports']>().toEqualTypeOf<readonly ['unix', 'ssh', 'relay', 'tls', 'tcp']>()
  expectTypeOf<ReturnType<typeof hypervisor>>().toEqualTypeOf<Driver<'test', Memory>>()
  const unfenced = () => hypervisor({ fencing: 'none' }).capabilities.fencing
  expectTypeOf(unfenced).returns.toEqualTypeOf<'none'>()
  expectTypeOf<Memory['live']>().toEqualTypeOf<true>()
  expectTypeOf<Memory['uriTransports']>().toEqualTypeOf<readonly ['memory', 'ssh', 'tcp']>()
})

test('what QEMU’s driver denies does not compile, what it grants does', () => {
  const ferry = createFerry({ drivers: [qemu(), hypervisor()] })
  const wishes = async (): Promise<void> => {
    const here = await ferry.connect('qemu+ssh://root@alpha/system')
    const there = await ferry.connect('qemu+ssh://root@beta/system')
    expectTypeOf(here).toEqualTypeOf<Connection<Qemu>>()
    const web1 = await here.domain('web1')
    const moved = await web1.migrate(there, {
      live: true,
      bandwidth: 800,
      rename: 'web2',
      uri: 'ssh://root@beta/',
      maxDowntime: 100,
      autoConverge: true,
      paused: true,
      copyStorage: true,
      connections: 4,
    })
    expectTypeOf(moved).toEqualTypeOf<Domain<Qemu>>()
    // @ts-expect-error -- a transport that the driver lacks
    await web1.migrate(there, { uri: 'rdma://beta' })
    // @ts-expect-error -- a transport that only the target's driver has
    await web1.migrate(await ferry.connect('test:///beta'), { uri: 'memory://beta' })
  }
  expect(wishes).toBeTypeOf('function')
})

test('what does not compile is refused when it runs, and a connection may have less than its manifest', async () => {
  const ferry = createFerry({ drivers: [hypervisor()] })
  const here = await ferry.connect('test:///default')
  const there = await ferry.connect('test:///beta?without=live')
  expectTypeOf(here).toEqualTypeOf<Connection<Memory>>()
  const web1 = await here.domain('web1')
  // @ts-expect-error -- no auto-converge in the manifest
  await expect(web1.plan(there, { autoConverge: true })).rejects.toMatchObject(UNSUPPORTED)
  // @ts-expect-error -- a transport that the driver lacks
  await expect(web1.plan(there, { uri: 'rdma://beta' })).rejects.toMatchObject(UNSUPPORTED)
  // the type of a manifest says what its driver can do at best
  expectTypeOf(there.capabilities.live).toEqualTypeOf<boolean>()
  await expect(web1.plan(there, { live: true })).rejects.toMatchObject(UNSUPPORTED)
  await ferry.close()
})

test('a driver that is loaded later has its types before', async () => {
  const ferry = createFerry({
    drivers: [
      lazy('qemu', () => import('@vmferry/driver-qemu')),
      lazy('test', () => import('@vmferry/driver-test')),
    ],
  })
  const far = () => ferry.connect('qemu+ssh://root@alpha/system')
  expectTypeOf(far).returns.resolves.toEqualTypeOf<Connection<Qemu>>()
  const near = await ferry.connect('test:///default')
  expectTypeOf(near).toEqualTypeOf<Connection<Memory>>()
  expect(near.driver).toBe('test')
  await ferry.close()
})
