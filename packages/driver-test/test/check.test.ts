import type { Capabilities, ChosenRequest, Finding, MigrationUri } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { settled } from './fake-clock.ts'
import { begin, begun, offered, performed, refusal, type TwoHosts, twoHosts } from './two-hosts.ts'

async function findings(at: TwoHosts, wishes: Partial<ChosenRequest> = {}): Promise<readonly Finding[]> {
  const request = at.request(wishes)
  const sent = await at.here.source.check('web1', request, at.call)
  const received = await at.there.target.check(sent.offer, request, at.call)
  return [...sent.findings, ...received.findings]
}

const uri = (host: string | null, transport: string | null = null): MigrationUri => ({
  text: `${transport ?? ''}${host ?? ''}`,
  transport,
  host,
  user: null,
  port: null,
  path: '',
})

test('a check that finds nothing offers the domain and all transports, and changes nothing', async () => {
  const at = await twoHosts()
  const before = JSON.stringify(at.world.host('default').domain('web1'))
  const survey = await at.here.source.check('web1', at.request(), at.call)
  expect(survey).toMatchObject({
    findings: [],
    offer: { domain: 'web1', uuid: at.uuid(), stream: 'vmferry-test', runState: 'running' },
    transports: [{ name: 'memory' }, { name: 'ssh' }, { name: 'tcp' }],
  })
  expect(JSON.parse(JSON.stringify(survey.offer))).toEqual(survey.offer)
  expect(JSON.stringify(at.world.host('default').domain('web1'))).toBe(before)
  const outgoing = await at.here.source.begin(survey.offer, at.request(), at.call)
  expect(outgoing.offer).toEqual(survey.offer)
})

test('the digest changes with the facts', async () => {
  const at = await twoHosts()
  const digest = async (): Promise<string> =>
    (await at.here.source.check('web1', at.request(), at.call)).digest
  const first = await digest()
  expect(await digest()).toBe(first)
  at.world.host('default').pause('web1')
  expect(await digest()).not.toBe(first)
})

test('an unknown domain and one that a migration holds are refused', async () => {
  const at = await twoHosts()
  expect((await refusal(at.here.source.check('web7', at.request(), at.call))).code).toBe('VM_NOT_FOUND')
  const offer = await offered(at)
  await begun(at)
  const call = { ...at.call, migration: 'm-2' }
  expect((await refusal(at.here.source.check('web1', at.request(), call))).code).toBe('VM_BUSY')
  expect((await refusal(at.here.source.begin(offer, at.request(), call))).code).toBe('VM_BUSY')
})

test('a guest that is not what was checked is refused, and nothing takes hold of it', async () => {
  const at = await twoHosts()
  const offer = await offered(at)
  at.world.host('default').pause('web1')
  const refused = await refusal(at.here.source.begin(offer, at.request(), at.call))
  expect(refused).toMatchObject({ code: 'VM_PHASE_FAILED', remedy: 'migrate it again' })
  expect(at.world.host('default').domain('web1')?.heldBy).toBeNull()
})

test('a target tells all that stands in the way at once', async () => {
  const at = await twoHosts()
  at.world.host('beta').start('web1', { uuid: at.uuid() })
  at.world.host('beta').memoryBytes = 100 * 1024 ** 2
  expect(await findings(at)).toMatchObject([
    { severity: 'blocker', side: 'target', code: 'name-taken', error: 'VM_EXISTS' },
    { severity: 'blocker', side: 'target', code: 'uuid-taken', error: 'VM_EXISTS' },
    { severity: 'blocker', side: 'target', code: 'not-enough-memory' },
  ])
  expect((await findings(at, { rename: 'web2' })).map(({ code }) => code)).toEqual([
    'uuid-taken',
    'not-enough-memory',
  ])
  const { offer } = await begin(at.here.source, at.request(), at.call)
  expect((await refusal(at.there.target.prepare(offer, at.request(), at.call))).code).toBe('VM_EXISTS')
  expect(await at.there.migrations(at.call)).toEqual([])
})

test('an offer of another hypervisor is not received', async () => {
  const at = await twoHosts()
  const { offer } = await at.here.source.check('web1', at.request(), at.call)
  const codes = async (other: Partial<typeof offer>): Promise<string[]> => {
    const survey = await at.there.target.check({ ...offer, ...other }, at.request(), at.call)
    return survey.findings.map(({ code }) => code)
  }
  expect(await codes({ stream: 'qemu' })).toEqual(['stream-unknown'])
  expect(await codes({ definition: { argv: [] } })).toEqual(['definition-unknown'])
  expect(await codes({ definition: { pages: 0, pageBytes: 1, dirtyPerSecond: 0 } })).toEqual([
    'definition-unknown',
  ])
})

test('a migration URI must lead to the target', async () => {
  const at = await twoHosts()
  expect(await findings(at, { uri: uri('beta', 'tcp') })).toEqual([])
  expect(await findings(at, { uri: uri('10.0.0.2') })).toMatchObject([
    { code: 'unreachable', error: 'VM_CONNECTION' },
  ])
  at.world.host('beta').addresses.push('10.0.0.2')
  expect(await findings(at, { uri: uri('10.0.0.2') })).toEqual([])
})

test('two worlds do not reach each other', async () => {
  const at = await twoHosts()
  const other = await twoHosts()
  const request = { ...at.request(), target: other.request().target }
  const { findings: found } = await at.here.source.check('web1', request, at.call)
  expect(found).toMatchObject([{ severity: 'blocker', code: 'other-world' }])
})

test.each<[keyof Capabilities, Partial<ChosenRequest>]>([
  ['live', { live: true }],
  ['resource', { live: false, bandwidth: 1 }],
  ['domainRename', { rename: 'web2' }],
  ['uriTransports', { uri: uri('beta', 'tcp') }],
  ['uriTransports', { uri: uri('beta') }],
  ['features', { paused: true }],
  ['features', { maxDowntime: 1 }],
])('without %s a wish for it is refused on both sides, and a plain migration works', async (name, wishes) => {
  const at = await twoHosts({}, { without: [name] })
  const request = at.request(wishes)
  const offer = {
    domain: 'web1',
    uuid: null,
    stream: '',
    runState: 'running',
    memoryBytes: 0,
    definition: null,
  } as const
  for (const work of [
    at.here.source.check('web1', request, at.call),
    at.here.source.begin(offer, request, at.call),
    at.there.target.check(offer, request, at.call),
    at.there.target.prepare(offer, request, at.call),
  ])
    expect((await refusal(work)).code).toBe('VM_UNSUPPORTED')
  const { outgoing, incoming } = await begun(at, { live: name !== 'live' })
  await performed(at, outgoing, incoming)
})

test('without resource or features the limits cannot be tuned either', async () => {
  const at = await twoHosts({}, { without: ['resource', 'features'] })
  const { outgoing } = await begun(at)
  for (const change of [{ bandwidth: 1 }, { maxDowntime: 1 }, { postCopy: true }, { suspend: true }] as const)
    expect((await refusal(outgoing.tune!(change, at.call))).code).toBe('VM_UNSUPPORTED')
})

test('without progress no bytes are told, only that the guest has stopped', async () => {
  const at = await twoHosts({}, { without: ['progress'] })
  const { outgoing, incoming } = await begun(at)
  await performed(at, outgoing, incoming)
  expect(at.progress).toEqual([{ type: 'stopped' }])
})

test('without pausedGuests a paused guest is not moved', async () => {
  const at = await twoHosts({}, { without: ['pausedGuests'] })
  const offer = await offered(at)
  at.world.host('default').pause('web1')
  expect(await findings(at)).toMatchObject([{ code: 'guest-paused', error: 'VM_UNSUPPORTED' }])
  expect((await refusal(at.here.source.begin(offer, at.request(), at.call))).code).toBe('VM_UNSUPPORTED')
})

test('without abortableUntil a guest that was stopped cannot be brought back', async () => {
  const at = await twoHosts({}, { without: ['abortableUntil'] })
  const { outgoing, incoming } = await begun(at)
  await performed(at, outgoing, incoming)
  expect((await refusal(outgoing.abort('a test', at.call))).code).toBe('VM_PHASE_FAILED')
  expect(at.world.host('default').domain('web1')?.state).toBe('stopped')
})

test('of two migrations that take one name or one uuid only the first is prepared', async () => {
  for (const [first, second] of [
    [{ rename: 'guest' }, { rename: 'guest' }],
    [{ rename: 'guest' }, { rename: 'other' }],
  ]) {
    const at = await twoHosts()
    const { offer } = await begin(at.here.source, at.request(), at.call)
    const twin = first?.rename === second?.rename ? { ...offer, uuid: null } : offer
    const stop = new AbortController()
    at.world.faults.add({ at: 'prepare', kind: 'hang', when: 'during' })
    const prepare = (of: typeof offer, wishes: object, call: object): Promise<unknown> =>
      at.there.target.prepare(of, at.request(wishes), { ...at.call, ...call })
    const hanging = prepare(offer, first ?? {}, { signal: stop.signal })
    await settled()
    // neither while the first is being prepared, nor when nobody knows how far it came, nor when it is
    expect((await refusal(prepare(twin, second ?? {}, { migration: 'm-2' }))).code).toBe('VM_EXISTS')
    stop.abort()
    await refusal(hanging)
    expect((await refusal(prepare(twin, second ?? {}, { migration: 'm-2' }))).code).toBe('VM_EXISTS')
    await prepare(offer, first ?? {}, {})
    expect((await refusal(prepare(twin, second ?? {}, { migration: 'm-2' }))).code).toBe('VM_EXISTS')
    expect(await at.there.migrations(at.call)).toMatchObject([{ migration: 'm-1' }])
    expect(await at.there.domains(at.call)).toHaveLength(1)
  }
})
