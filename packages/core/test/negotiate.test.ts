import { expect, test } from 'vitest'
import {
  type Capabilities,
  createFerry,
  defineCapabilities,
  isVmError,
  type MigrateOptions,
} from '../src/index.ts'
import { FAKE_CAPABILITIES, fakeDriver, fakeWorld } from './fake-driver.ts'
import { ferried, rejection } from './ferried.ts'

/** A ferry between two drivers with different manifests; what happens when a domain is to be moved. */
async function attempt(
  lesser: Partial<Capabilities>,
  options: MigrateOptions,
  lesserEnd: 'source' | 'target',
) {
  const world = fakeWorld()
  const able = fakeDriver(world)
  const lacking = { ...fakeDriver(world, { ...FAKE_CAPABILITIES, ...lesser }), name: 'lesser' }
  const ferry = createFerry({ drivers: [able, lacking] })
  const here = await ferry.connect(lesserEnd === 'source' ? 'lesser:///here' : 'fake:///here')
  const there = await ferry.connect(lesserEnd === 'target' ? 'lesser:///there' : 'fake:///there')
  const web1 = await here.domain('web1')
  world.calls.length = 0
  const migration = web1.migrate(there, options)
  const error = await migration.done.then(
    () => null,
    (reason: unknown) => reason,
  )
  return { error, calls: world.calls }
}

const WISHES: readonly [string, Partial<Capabilities>, MigrateOptions][] = [
  ['a live migration', { live: false }, { live: true }],
  ['a bandwidth limit', { resource: false }, { bandwidth: 800 }],
  ['a new name', { domainRename: false }, { rename: 'web2' }],
  ['a longest downtime', { features: {} }, { maxDowntime: 100 }],
  ['a transport', { uriTransports: ['string'] }, { uri: 'wire://beta' }],
  ['a common stream', { streams: ['other'] }, {}],
]

for (const [wish, lesser, options] of WISHES) {
  for (const end of ['source', 'target'] as const) {
    test(`${wish} that the ${end} lacks is refused before any host is touched`, async () => {
      const { error, calls } = await attempt(lesser, options, end)
      expect(error).toMatchObject({ code: 'VM_UNSUPPORTED', phase: 'check', outcome: 'rolledBack' })
      expect(error).toHaveProperty('remedy')
      expect(calls).toEqual([])
    })
  }
}

test('a bandwidth of 0 is never an error', async () => {
  const { error } = await attempt({ resource: false }, { bandwidth: 0 }, 'source')
  expect(error).toBeNull()
})

test('a transport that is not in the list: the error names those that are', async () => {
  const { error } = await attempt({}, { uri: 'carrier-pigeon://beta' }, 'source')
  expect(isVmError(error)).toBe(true)
  expect(String(error)).toMatch(/wire, string/)
})

test.each([
  { bandwidth: -1 },
  { bandwidth: Number.NaN },
  { connections: 0 },
  { connections: 1.5 },
  { maxDowntime: -5 },
  { rename: '-x' },
  { uri: 'wire://' },
])('a malformed wish %j is VM_INVALID before any host is touched', async (options) => {
  const { error, calls } = await attempt({}, options, 'source')
  expect(error).toMatchObject({ code: 'VM_INVALID' })
  expect(calls).toEqual([])
})

test('drivers get bytes per second: Mbps are known only at the edge', async () => {
  const { web1, there, world } = await ferried()
  await web1.migrate(there, { bandwidth: 200 })
  expect(world.requests[0]?.bandwidth).toBe(25_000_000)
})

test('the transport is the first of the source that the target has too, and a URI narrows the choice', async () => {
  const { web1, there, world } = await ferried()
  world.survey.target = { transports: [{ name: 'string', why: 'all I have' }] }
  expect(await web1.plan(there)).toMatchObject({ transport: 'string', why: 'it is there', possible: true })
  world.survey.target = {}
  expect(await web1.plan(there, { uri: 'string://beta' })).toMatchObject({
    transport: 'string',
    why: 'asked for by string://beta',
  })
})

test('what the target tells of the chosen transport is handed on to both sides, and what the source tells is not', async () => {
  const { web1, there, world } = await ferried()
  const wire = { name: 'wire', why: '' }
  world.survey.source = { transports: [{ ...wire, cookie: { room: 1 } }] }
  world.survey.target = {
    transports: [
      { ...wire, name: 'string' },
      { ...wire, cookie: { room: 2 } },
    ],
  }
  await web1.migrate(there)
  const [atBegin, atPrepare] = world.requests.slice(-2)
  expect([atBegin, atPrepare]).toMatchObject([{ cookie: { room: 2 } }, { cookie: { room: 2 } }])
})

test('no transport in common is a blocker that names what each side has', async () => {
  const { web1, there, world } = await ferried()
  world.survey.source = { transports: [{ name: 'wire', why: '' }] }
  world.survey.target = { transports: [{ name: 'string', why: '' }] }
  const plan = await web1.plan(there)
  expect(plan).toMatchObject({ possible: false, findings: [{ code: 'no-transport', severity: 'blocker' }] })
  expect(await rejection(web1.migrate(there))).toMatchObject({ code: 'VM_PHASE_FAILED', phase: 'check' })
})

test('a plan tells all blockers and warnings at once, blockers first, and changes nothing', async () => {
  const { web1, there, world } = await ferried()
  const side = 'target' as const
  world.survey.target = {
    findings: [
      { severity: 'warning', code: 'clock', side, message: 'the clocks differ' },
      { severity: 'blocker', code: 'memory', side, message: 'not enough memory' },
      { severity: 'blocker', code: 'name', side, message: 'the name is taken', error: 'VM_EXISTS' },
    ],
  }
  world.calls.length = 0
  const plan = await web1.plan(there)
  expect(plan.possible).toBe(false)
  expect(plan.findings.map(({ code }) => code)).toEqual(['memory', 'name', 'clock'])
  expect(world.calls).toEqual(['source.check', 'target.check'])
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  expect(await rejection(web1.migrate(there))).toMatchObject({
    code: 'VM_PHASE_FAILED',
    phase: 'check',
    message: 'not enough memory',
    causes: [{ words: 'the name is taken' }],
  })
  expect(world.calls).not.toContain('begin')
})

test('a manifest keeps defaults for what a driver does not name, and is frozen', () => {
  const manifest = defineCapabilities({ live: true, streams: ['x'] })
  expect(manifest).toMatchObject({ live: true, resource: false, handover: 'phased', abortableUntil: 'never' })
  expect(
    Object.isFrozen(manifest) && Object.isFrozen(manifest.streams) && Object.isFrozen(manifest.features),
  ).toBe(true)
})
