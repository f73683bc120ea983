import { expect, expectTypeOf, test } from 'vitest'
import {
  type Capabilities,
  type Connection,
  createFerry,
  type Domain,
  type Driver,
  defineCapabilities,
  type Ferry,
  lazy,
  type MigrateOptions,
  type Migration,
} from '../src/index.ts'
import { fakeDriver, fakeWorld } from './fake-driver.ts'
import { rejection } from './ferried.ts'

/** A manifest that denies all that can be denied. */
const PLAIN = defineCapabilities({ uriTransports: ['wire'], streams: ['fake'], abortableUntil: 'hand-over' })
/** One that grants all, over other transports. */
const RICH = defineCapabilities({
  live: true,
  resource: true,
  domainRename: true,
  postCopy: true,
  uriTransports: ['wire', 'string'],
  streams: ['fake'],
  abortableUntil: 'hand-over',
  features: {
    startPaused: true,
    maxDowntime: true,
    autoConverge: true,
    abortOnError: true,
    copyStorage: true,
    multifd: true,
  },
})

const typed = <const N extends string, C extends Capabilities>(name: N, capabilities: C): Driver<N, C> => ({
  ...fakeDriver(fakeWorld(), capabilities),
  name,
  capabilities,
})
const made = () => createFerry({ drivers: [typed('plain', PLAIN), typed('rich', RICH)] })

const UNSUPPORTED = { code: 'VM_UNSUPPORTED', phase: 'check' }

test('a manifest has the literal types of what was given, and of the defaults for the rest', () => {
  expectTypeOf(RICH.live).toEqualTypeOf<true>()
  expectTypeOf(RICH.uriTransports).toEqualTypeOf<readonly ['wire', 'string']>()
  expectTypeOf(PLAIN.live).toEqualTypeOf<false>()
  expectTypeOf(PLAIN.features).toEqualTypeOf<{}>()
  expectTypeOf(PLAIN).toExtend<Capabilities>()
  const some: Partial<Capabilities> = {}
  expectTypeOf(defineCapabilities(some)).toEqualTypeOf<Capabilities>()
})

test('a URI that is written out infers its driver, with and without a transport', async () => {
  const ferry = made()
  const rich = await ferry.connect('rich:///here')
  expectTypeOf(rich).toEqualTypeOf<Connection<typeof RICH>>()
  const host = 'alpha'
  const far = () => ferry.connect(`plain+ssh://root@${host}/system`)
  expectTypeOf(far).returns.resolves.toEqualTypeOf<Connection<typeof PLAIN>>()
  const domain = await rich.domain('web1')
  expectTypeOf(domain).toEqualTypeOf<Domain<typeof RICH>>()
  expectTypeOf(domain.connection).toEqualTypeOf<Connection<typeof RICH>>()
  expectTypeOf(rich.domains).returns.resolves.toEqualTypeOf<readonly Domain<typeof RICH>[]>()
  expect(rich.driver).toBe('rich')
})

test('a URI that is not known literally, or names another driver, is left to run time', async () => {
  const ferry = made()
  const text: string = 'rich:///here'
  expectTypeOf(await ferry.connect(text)).toEqualTypeOf<Connection>()
  expectTypeOf(await ferry.connect(`${text.slice(0, 4)}:///here`)).toEqualTypeOf<Connection>()
  const unknown = ferry.connect('xen:///')
  expectTypeOf(unknown).resolves.toEqualTypeOf<Connection>()
  expect(await rejection(unknown)).toMatchObject({ code: 'VM_UNSUPPORTED' })
})

test('a ferry of drivers without literal types gives connections without them', async () => {
  const drivers: readonly Driver[] = [typed('plain', PLAIN)]
  const ferry = createFerry({ drivers })
  expectTypeOf(await ferry.connect('plain:///here')).toEqualTypeOf<Connection>()
})

test('what a manifest denies stays denied on a host, what it grants may be narrowed there', () => {
  expectTypeOf<Connection<typeof PLAIN>['capabilities']['live']>().toEqualTypeOf<false>()
  expectTypeOf<Connection<typeof RICH>['capabilities']['live']>().toEqualTypeOf<boolean>()
  expectTypeOf<Connection<typeof RICH>['capabilities']>().toExtend<Capabilities>()
})

test('a wish that an end denies does not compile, and is refused all the same', async () => {
  const ferry = made()
  const plain = await ferry.connect('plain:///here')
  const rich = await ferry.connect('rich:///there')
  const web1 = await plain.domain('web1')
  const rich1 = await rich.domain('web1')
  const refused = async (migration: Migration): Promise<void> =>
    expect(await rejection(migration)).toMatchObject(UNSUPPORTED)

  // @ts-expect-error -- the source has no live migration
  await refused(web1.migrate(rich, { live: true }))
  // @ts-expect-error -- the target has none
  await refused(rich1.migrate(plain, { live: true }))
  // @ts-expect-error -- no bandwidth limit
  await refused(web1.migrate(rich, { bandwidth: 800 }))
  // @ts-expect-error -- no new name
  await refused(web1.migrate(rich, { rename: 'web2' }))
  // @ts-expect-error -- no post-copy
  await refused(web1.migrate(rich, { postCopy: true }))
  // @ts-expect-error -- an extra that is not in the manifest
  await refused(web1.migrate(rich, { paused: true }))
  // @ts-expect-error -- another
  await refused(web1.migrate(rich, { maxDowntime: 100 }))
  // @ts-expect-error -- another
  await refused(web1.migrate(rich, { autoConverge: true }))
  // @ts-expect-error -- another
  await refused(web1.migrate(rich, { copyStorage: true }))
  // @ts-expect-error -- another
  await refused(web1.migrate(rich, { connections: 4 }))
  // @ts-expect-error -- a transport that the source lacks
  await refused(web1.migrate(rich, { uri: 'string://beta' }))
  // @ts-expect-error -- a transport that both lack
  await refused(rich1.migrate(rich, { uri: 'carrier-pigeon://beta' }))
  // @ts-expect-error -- a plan takes the same wishes
  expect(await rejection(web1.plan(rich, { rename: 'web2' }))).toMatchObject(UNSUPPORTED)
  // @ts-expect-error -- a value that may ask for it
  await refused(web1.migrate(rich, { live: rich.capabilities.live || true }))
})

test('a wish that asks for nothing compiles whatever the manifests say', async () => {
  const ferry = made()
  const plain = await ferry.connect('plain:///here')
  const there = await ferry.connect('plain:///there')
  const options = { live: false, bandwidth: 0, postCopy: false, paused: false, connections: 1 } as const
  const plan = (await plain.domain('web1')).plan(there, { ...options, limits: {}, uri: 'wire://there' })
  expect(await plan).toMatchObject({ possible: true, transport: 'wire' })
  expect(await (await plain.domain('web1')).plan(there, { uri: 'there' })).toMatchObject({ possible: true })
})

test('a wish that both ends grant compiles, and leads to a domain of the target’s manifest', async () => {
  const ferry = made()
  const rich = await ferry.connect('rich:///here')
  const there = await ferry.connect('rich:///there')
  const migration = (await rich.domain('web1')).migrate(there, {
    live: true,
    bandwidth: 800,
    rename: 'web2',
    maxDowntime: 100,
    uri: 'string://there',
  })
  expectTypeOf(migration.done).resolves.toEqualTypeOf<Domain<typeof RICH>>()
  expect(await migration).toMatchObject({ name: 'web2' })
})

test('wishes that are not known literally compile, and are checked when they run', async () => {
  const ferry = made()
  const plain = await ferry.connect('plain:///here')
  const rich = await ferry.connect('rich:///there')
  const uri: string = 'carrier-pigeon://beta'
  expect(await rejection((await rich.domain('web1')).migrate(rich, { uri }))).toMatchObject(UNSUPPORTED)
  const wide: Connection = plain
  const options: MigrateOptions = { rename: 'web2', live: true, uri: 'carrier-pigeon://beta' }
  const web1: Domain = await wide.domain('web1')
  expect(await rejection(web1.migrate(wide, options))).toMatchObject(UNSUPPORTED)
  expect(await rejection(web1.migrate(wide, { uri: 'carrier-pigeon://beta' }))).toMatchObject(UNSUPPORTED)
})

test('each literal form can be used as the form without literal types', async () => {
  const ferry = made()
  const connection = await ferry.connect('plain:///here')
  expectTypeOf(ferry).toExtend<Ferry>()
  expectTypeOf(connection).toExtend<Connection>()
  expectTypeOf<Domain<typeof PLAIN>>().toExtend<Domain>()
  expectTypeOf<Migration<typeof PLAIN>>().toExtend<Migration>()
  expectTypeOf<Connection>().not.toExtend<Connection<typeof RICH>>()
  expectTypeOf<Connection<typeof PLAIN>>().not.toExtend<Connection<typeof RICH>>()
  expect(connection.capabilities).toBe(PLAIN)
})

test('a lazy driver has the types of the driver that it will load', async () => {
  let loads = 0
  const late = lazy('plain', async () => {
    loads += 1
    return { driver: () => typed('plain', PLAIN) }
  })
  const ferry = createFerry({ drivers: [late, typed('rich', RICH)] })
  const connect = () => ferry.connect('plain:///here')
  expectTypeOf(connect).returns.resolves.toEqualTypeOf<Connection<typeof PLAIN>>()
  expect(loads).toBe(0)
  expect((await connect()).capabilities).toBe(PLAIN)
})
