import { afterEach, expect, test, vi } from 'vitest'
import { abortError, isVmError, type MigrationEvent, vmError } from '../src/index.ts'
import { settled } from './fake-clock.ts'
import { eventsOf, ferried, gate, rejection } from './ferried.ts'

const unhandled = vi.fn()
process.on('unhandledRejection', unhandled)
afterEach(() => expect(unhandled).not.toHaveBeenCalled())

test('a migration starts at once, and its handle is there before anything has happened', async () => {
  const { web1, there } = await ferried()
  const migration = web1.migrate(there, { live: true })
  expect(migration.id).toMatch(/^m-[0-9a-f]{16}$/)
  expect(migration.report).toBeNull()
  await migration
})

test('the way is one straight line, in the order of the phases', async () => {
  const { web1, there, world } = await ferried()
  world.calls.length = 0
  await web1.migrate(there, { live: true })
  expect(world.calls).toEqual([
    'source.check',
    'target.check',
    'begin',
    'prepare',
    'perform',
    'ready',
    'handOver',
    'finish',
    'confirm',
  ])
  expect([world.source, world.target]).toEqual(['gone', 'running'])
})

test('what a host holds is known from its check: the first claim asks for more', async () => {
  const held = { source: 7 * 2 ** 30 + 5, target: 3 * 2 ** 30 }
  const { web1, there, world } = await ferried()
  world.survey = { source: { epoch: held.source }, target: { epoch: held.target } }
  await web1.migrate(there)
  expect(world.claims).toHaveLength(2)
  expect(world.claims[0]).toBeGreaterThan(held.source)
  expect(world.claims[1]).toBeGreaterThan(held.target)
  expect(world.claims[1]).toBeLessThan(held.source)
})

test('awaiting the handle gives the domain at its destination, under its new name', async () => {
  const { web1, there } = await ferried()
  const moved = await web1.migrate(there, { rename: 'web2' })
  expect(moved.name).toBe('web2')
  expect(moved.connection).toBe(there)
})

test('done is the same promise, to return from an async function', async () => {
  const { web1, there } = await ferried()
  const migrate = async () => web1.migrate(there).done
  expect((await migrate()).name).toBe('web1')
})

test('the events tell the phases, the progress, the switchover and, last, the outcome', async () => {
  const { web1, there } = await ferried()
  const events = await eventsOf(web1.migrate(there, { live: true }))
  expect(events.map(({ type }) => type)).toEqual([
    'phase-start',
    'phase-end',
    'migration-start',
    'phase-start',
    'phase-end',
    'phase-start',
    'phase-end',
    'phase-start',
    'progress',
    'progress',
    'phase-end',
    'phase-start',
    'phase-end',
    'phase-start',
    'phase-end',
    'phase-start',
    'phase-end',
    'switchover',
    'phase-start',
    'phase-end',
    'migration-complete',
  ])
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index))
  expect(events.at(-1)).toMatchObject({
    outcome: 'migrated',
    driver: 'fake',
    domain: 'web1',
    report: { bytes: 1000 },
  })
  expect(JSON.parse(JSON.stringify(events))).toEqual(events)
})

test('each reader gets all events from the first on, also one that comes when all is over', async () => {
  const { web1, there } = await ferried()
  const migration = web1.migrate(there)
  const [first, second] = await Promise.all([eventsOf(migration), eventsOf(migration)])
  expect(second).toEqual(first)
  expect(await eventsOf(migration)).toEqual(first)
})

test('break stops only the reader that breaks', async () => {
  const { web1, there } = await ferried()
  const migration = web1.migrate(there)
  for await (const event of migration) {
    expect(event.type).toBe('phase-start')
    break
  }
  expect((await eventsOf(migration)).at(-1)?.type).toBe('migration-complete')
})

test('the memory for events is bounded: old progress is thinned, everything else is kept', async () => {
  const { web1, there, world } = await ferried()
  world.before.perform = (call) => {
    for (let bytes = 1; bytes <= 10_000; bytes += 1)
      call.onProgress?.({
        type: 'transfer',
        round: 1,
        bytes,
        remainingBytes: 10_000 - bytes,
        totalBytes: 10_000,
      })
  }
  const migration = web1.migrate(there)
  await migration
  const events = await eventsOf(migration)
  const progress = events.filter(({ type }) => type === 'progress')
  expect(progress.length).toBeLessThan(140)
  expect(progress.at(-1)).toMatchObject({ bytes: 10_000 })
  expect(events.filter(({ type }) => type === 'phase-start')).toHaveLength(8)
})

test('iteration never throws and ends after the outcome, also when the migration fails', async () => {
  const { web1, there, world } = await ferried()
  world.before.perform = () => {
    throw vmError('VM_PHASE_FAILED', 'the link is down')
  }
  const events = await eventsOf(web1.migrate(there))
  expect(events.at(-1)).toMatchObject({
    type: 'migration-complete',
    outcome: 'rolledBack',
    error: { code: 'VM_PHASE_FAILED', phase: 'perform', guest: { source: 'running', target: 'none' } },
  })
})

test('a failure that nobody awaits never becomes an unhandled rejection', async () => {
  const { web1, there, world } = await ferried()
  world.before.begin = () => {
    throw vmError('VM_PHASE_FAILED', 'no')
  }
  web1.migrate(there)
  web1.migrate(there, { live: true, bandwidth: -1 })
  for (let turn = 0; turn < 20; turn += 1) await settled()
  expect(unhandled).not.toHaveBeenCalled()
})

test('the report comes with the handle, the last event and the error, all the same', async () => {
  const { web1, there, world } = await ferried()
  world.after.perform = () => {
    throw vmError('VM_PHASE_FAILED', 'it broke')
  }
  const migration = web1.migrate(there)
  const error = await rejection(migration)
  const last = (await eventsOf(migration)).at(-1)
  expect(migration.report).toMatchObject({
    bytes: 1000,
    rounds: 2,
    transport: 'wire',
    why: 'it is there',
    downtimeMs: null,
  })
  expect(last).toMatchObject({ report: migration.report })
  expect(error).toMatchObject({ report: migration.report, outcome: 'rolledBack' })
})

test('cancel stops the migration and resolves when it is settled; a second cancel waits for the same', async () => {
  const { web1, there, world } = await ferried()
  const copying = gate()
  world.before.perform = (call) =>
    new Promise((_, reject) => {
      copying.open()
      call.signal.addEventListener('abort', () => reject(abortError(call.signal)))
    })
  const migration = web1.migrate(there)
  await copying.opened
  await Promise.all([migration.cancel('tea time'), migration.cancel('again')])
  expect(migration.report).not.toBeNull()
  expect([world.source, world.target]).toEqual(['running', 'gone'])
  const error = await rejection(migration)
  expect(isVmError(error, 'VM_ABORTED')).toBe(true)
  expect(error).toMatchObject({ name: 'AbortError', message: expect.stringContaining('tea time') })
  await migration.cancel('long after')
})

test('after the commit a cancel rejects with VM_INVALID, and the migration goes on', async () => {
  const { web1, there, world } = await ferried()
  const finishing = gate()
  const go = gate()
  world.before.finish = async () => {
    finishing.open()
    await go.opened
  }
  const migration = web1.migrate(there)
  await finishing.opened
  expect(await rejection(migration.cancel())).toMatchObject({ code: 'VM_INVALID', phase: 'finish' })
  go.open()
  expect((await migration).name).toBe('web1')
  expect(await rejection(migration.cancel())).toMatchObject({ code: 'VM_INVALID' })
})

test('a signal may be passed too', async () => {
  const { web1, there, world } = await ferried()
  const stop = new AbortController()
  world.before.prepare = () => stop.abort(new Error('shutting down'))
  world.after.prepare = (call) => call.signal.throwIfAborted()
  const error = await rejection(web1.migrate(there, { signal: stop.signal }))
  expect(error).toMatchObject({ code: 'VM_ABORTED', outcome: 'rolledBack' })
  expect([world.source, world.target]).toEqual(['running', 'gone'])
})

test('a signal that has fired already stops the migration before any host is touched', async () => {
  const { web1, there, world } = await ferried()
  world.calls.length = 0
  const error = await rejection(web1.migrate(there, { signal: AbortSignal.abort() }))
  expect(error).toMatchObject({ code: 'VM_ABORTED' })
  expect(world.calls).toEqual([])
})

test('tune reaches the driver while the guest is copied, and is refused at any other time', async () => {
  const { web1, there, world } = await ferried()
  const copying = gate()
  const go = gate()
  world.before.perform = async () => {
    copying.open()
    await go.opened
  }
  const migration = web1.migrate(there)
  expect(await rejection(migration.tune({ bandwidth: 5 }))).toMatchObject({ code: 'VM_INVALID' })
  await copying.opened
  await migration.tune({ bandwidth: 1 })
  expect(world.calls).toContain('tune {"bandwidth":125000}')
  expect(await rejection(migration.tune({ bandwidth: -1 }))).toMatchObject({ code: 'VM_INVALID' })
  expect(await rejection(migration.tune({ maxDowntime: 0 }))).toMatchObject({ code: 'VM_INVALID' })
  expect(await rejection(migration.tune({ postCopy: true }))).toMatchObject({ code: 'VM_UNSUPPORTED' })
  expect(await rejection(migration.tune({ suspend: true }))).toMatchObject({ code: 'VM_UNSUPPORTED' })
  go.open()
  await migration
  expect(await rejection(migration.tune({ bandwidth: 5 }))).toMatchObject({ code: 'VM_INVALID' })
})

test('disposing of a migration before the commit cancels it and waits', async () => {
  const { web1, there, world } = await ferried()
  const migration = web1.migrate(there)
  await migration[Symbol.asyncDispose]()
  expect(migration.report).not.toBeNull()
  expect(world.source).toBe('running')
})

test('disposing of a migration after the commit waits for its good end', async () => {
  const { web1, there, world } = await ferried()
  const finishing = gate()
  const go = gate()
  world.before.finish = async () => {
    finishing.open()
    await go.opened
  }
  const migration = web1.migrate(there)
  await finishing.opened
  const disposal = migration[Symbol.asyncDispose]()
  go.open()
  await disposal
  expect(world.target).toBe('running')
})

test('closing a connection or the ferry in mid-migration first waits for it to settle', async () => {
  const { web1, there, world, ferry } = await ferried()
  const copying = gate()
  const go = gate()
  world.before.perform = async () => {
    copying.open()
    await go.opened
  }
  const migration = web1.migrate(there)
  await copying.opened
  world.calls.length = 0
  const closing = Promise.all([there.close(), ferry.close()])
  await settled()
  expect(world.calls).not.toContain('close')
  go.open()
  await closing
  expect(world.calls.filter((call) => call === 'close')).toHaveLength(2)
  expect(migration.report).not.toBeNull()
  expect(world.target).toBe('running')
})

test('the downtime is counted from the stop of the guest until it was seen to run', async () => {
  const { web1, there, world, clock } = await ferried()
  world.after.perform = () => clock.advance(40)
  world.before.finish = () => clock.advance(2)
  const migration = web1.migrate(there, { live: true })
  const events: MigrationEvent[] = await eventsOf(migration)
  expect(events.find(({ type }) => type === 'switchover')).toMatchObject({ downtimeMs: 42 })
  expect(migration.report).toMatchObject({ downtimeMs: 42, hypervisorDowntimeMs: 3 })
})

test('the figures of the copy are those of confirm, where it has some', async () => {
  const { web1, there, world } = await ferried()
  world.figures = { rounds: 4, bytes: 1200, hypervisorDowntimeMs: 7 }
  const migration = web1.migrate(there, { live: true })
  await migration
  expect(migration.report).toMatchObject({ rounds: 4, bytes: 1200, hypervisorDowntimeMs: 7 })
})
