import { isVmError } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { createWorld, driver, TEST_CAPABILITIES, test as testDriver } from '../src/index.ts'
import { fakeClock } from './fake-clock.ts'
import { begin, callOf, contextOf, refusal, twoHosts, uriOf } from './two-hosts.ts'

const call = callOf('m-1', 1)

test('the host default has two running domains, any other host is empty', async () => {
  const at = await twoHosts()
  expect(await at.here.domains(call)).toMatchObject([
    { name: 'web1', state: 'running', memoryBytes: 64 * 1024 ** 2 },
    { name: 'db1', state: 'running', memoryBytes: 64 * 1024 ** 2 },
  ])
  expect(await at.there.domains(call)).toEqual([])
  const [web1, db1] = await at.here.domains(call)
  expect(web1?.uuid).not.toBe(db1?.uuid)
})

test('each factory call has a world of its own unless one is given', async () => {
  const clock = fakeClock()
  const connect = (made: ReturnType<typeof testDriver>) =>
    made.connect(uriOf('alpha'), contextOf(clock), call)
  const first = await connect(driver())
  await first.lifecycle?.start('guest', [], call)
  expect(await (await connect(driver())).domains(call)).toEqual([])
  const world = createWorld()
  await (await connect(testDriver({ world }))).lifecycle?.start('guest', [], call)
  expect(await (await connect(testDriver({ world }))).domains(call)).toHaveLength(1)
})

test('two connections to one host have one id, two hosts have two', async () => {
  const at = await twoHosts()
  const again = await testDriver({ world: at.world }).connect(uriOf('beta'), contextOf(at.clock), call)
  expect(again.hostId).toBe(at.there.hostId)
  expect(again.hostId).toMatch(/^[0-9a-f]{16}$/)
  expect(at.here.hostId).not.toBe(at.there.hostId)
})

test('a URI with anything that the driver does not know is refused, and makes no host', async () => {
  const world = createWorld()
  for (const uri of [
    uriOf(''),
    uriOf('../x'),
    uriOf('a/b'),
    uriOf('a', { with: 'live' }),
    uriOf('a', { without: 'wings' }),
    uriOf('a', { without: 'toString' }),
    uriOf('a', { without: '' }),
    { ...uriOf('a'), transport: 'ssh', host: 'beta' },
  ]) {
    const error = await refusal(testDriver({ world }).connect(uri, contextOf(fakeClock()), call))
    expect(error).toMatchObject({ code: 'VM_INVALID', remedy: expect.any(String) })
  }
  expect(world.hosts.size).toBe(0)
  expect(() => testDriver({ without: ['wings' as 'live'] })).toThrow('wings')
})

test('a connection without an ability has the rest of the manifest, and the driver still has all', async () => {
  const lesser = testDriver()
  for (const [name, fallen] of [
    ['live', false],
    ['resource', false],
    ['domainRename', false],
    ['uriTransports', []],
    ['streams', []],
    ['fencing', 'none'],
    ['abortableUntil', 'never'],
    ['progress', 'none'],
    ['pausedGuests', false],
    ['features', {}],
  ] as const) {
    const uri = uriOf('default', { without: name })
    const { capabilities } = await lesser.connect(uri, contextOf(fakeClock()), call)
    expect(capabilities).toEqual({ ...TEST_CAPABILITIES, [name]: fallen })
  }
  expect(lesser.capabilities).toBe(TEST_CAPABILITIES)
})

test('a closed connection answers nothing and may be closed again', async () => {
  const at = await twoHosts()
  await at.here.close()
  await at.here.close()
  for (const work of [
    at.here.domains(call),
    at.here.domain('web1', call),
    at.here.migrations(call),
    at.here.claim('web1', 1, call),
    at.here.source.check('web1', at.request(), call),
    at.here.lifecycle!.stop('web1', { force: true }, call),
  ])
    expect((await refusal(work)).code).toBe('VM_CONNECTION')
})

test('a domain is started from words, and stopped', async () => {
  const at = await twoHosts()
  const { lifecycle } = at.there
  const uuid = '7E570000-0000-4000-8000-0000000000FF'
  const started = await lifecycle!.start(
    'guest',
    ['memory=128M', 'dirty=1000', 'pages=512', `uuid=${uuid}`, 'paused'],
    call,
  )
  expect(started).toEqual({
    name: 'guest',
    uuid: uuid.toLowerCase(),
    state: 'paused',
    memoryBytes: 128 * 1024 ** 2,
  })
  expect(at.world.host('beta').domain('guest')).toMatchObject({ dirtyPerSecond: 1000, counter: 0 })
  expect((await refusal(lifecycle!.start('guest', [], call))).code).toBe('VM_EXISTS')
  expect((await refusal(lifecycle!.start('other', [`uuid=${uuid}`], call))).code).toBe('VM_EXISTS')
  for (const word of [
    '-m',
    'memory=',
    'memory=x',
    'memory=1',
    'dirty=-1',
    'pages=0',
    'uuid=1',
    'memory',
    'toString=1',
  ])
    expect((await refusal(lifecycle!.start('other', [word], call))).code).toBe('VM_INVALID')
  expect((await refusal(lifecycle!.start('other', ['memory=1T'], call))).code).toBe('VM_PHASE_FAILED')
  await lifecycle!.stop('guest', { force: false }, call)
  expect((await refusal(lifecycle!.stop('guest', { force: false }, call))).code).toBe('VM_NOT_FOUND')
})

test('a domain that a migration holds is stopped only by force, which leaves no record', async () => {
  const at = await twoHosts()
  await begin(at.here.source, at.request(), at.call)
  expect((await refusal(at.here.lifecycle!.stop('web1', { force: false }, call))).code).toBe('VM_BUSY')
  await at.here.lifecycle!.stop('web1', { force: true }, call)
  expect(await at.here.migrations(call)).toEqual([])
})

test('a domain whose process is gone makes room for a new one of its name', async () => {
  const at = await twoHosts()
  at.world.host('default').crash('web1')
  expect(await at.here.domain('web1', call)).toMatchObject({ state: 'failed' })
  expect(await at.here.lifecycle!.start('web1', [], call)).toMatchObject({ state: 'running' })
})

test('nothing ticks: a guest is brought up to date when somebody looks', async () => {
  const at = await twoHosts()
  const before = at.world.host('default').domain('web1')
  await at.clock.advance(3_600_000)
  const after = at.world.host('default').domain('web1')
  expect(after?.counter).toBe((before?.counter ?? 0) + 3_600_000)
  expect(after?.checksum).not.toBe(before?.checksum)
  at.world.host('default').pause('web1')
  await at.clock.advance(1_000)
  expect(at.world.host('default').domain('web1')?.counter).toBe(after?.counter)
  expect(() => at.world.host('default').pause('web1')).toThrow(expect.toSatisfy(isVmError))
})
