import { createFerry, type Ferry, type Migration } from '@vmferry/core'
import { xen } from '@vmferry/driver-xen'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type FakeXenHosts, fakeXenHosts } from './fake-xen-hosts.ts'
import type { XenHostName } from './xen-hosts.ts'

let hosts: FakeXenHosts
let ferry: Ferry

beforeEach(async () => {
  hosts = await fakeXenHosts()
  ferry = createFerry({ drivers: [xen()], hosts: [hosts.provider] })
})
afterEach(async () => {
  await ferry.close()
  await hosts.close()
})

const ends = async () => ({
  here: await ferry.connect(hosts.uri('alpha')),
  there: await ferry.connect(hosts.uri('beta')),
})

/** Begun, and not waited for: a migration can be awaited itself. */
async function moving(options: object = {}): Promise<{ readonly migration: Migration }> {
  await hosts.create('alpha', 'web1')
  const { here, there } = await ends()
  return { migration: (await here.domain('web1')).migrate(there, { live: true, ...options }) }
}

async function failureOf(migration: Migration): Promise<unknown> {
  return migration.done.then(
    () => null,
    (error: unknown) => error,
  )
}

/** What was killed takes a moment to go. */
async function expectNoTraces(host: XenHostName): Promise<void> {
  await vi.waitFor(async () => expect(await hosts.traces(host)).toEqual([]), { timeout: 5_000 })
}

/** One domain, at home, under its own name, with nothing left of the migration. */
async function expectAtHome(): Promise<void> {
  expect(await hosts.domains('alpha')).toEqual(['web1 -b----'])
  expect(await hosts.domains('beta')).toEqual([])
  for (const host of ['alpha', 'beta'] as const) await expectNoTraces(host)
}

describe('a guest of Xen', () => {
  test.each([undefined, 'relay:///', 'tcp://localhost/'])('moves under another name, by %s', async (uri) => {
    const moved = await (await moving({ rename: 'web2', ...(uri && { uri }) })).migration.done
    expect(moved.name).toBe('web2')
    expect(await hosts.domains('alpha')).toEqual([])
    expect(await hosts.domains('beta')).toEqual(['web2 -b----'])
    await expectNoTraces('alpha')
  })

  test('moves there and back again, and its records go with it', async () => {
    await (await moving()).migration.done
    const { here, there } = await ends()
    await (await there.domain('web1')).migrate(here, { live: true }).done
    expect(await hosts.domains('beta')).toEqual([])
    expect(await hosts.domains('alpha')).toEqual(['web1 -b----'])
    await expectNoTraces('beta')
  })

  test('stays paused at the target where that is asked for', async () => {
    await (await moving({ paused: true })).migration.done
    expect(await hosts.domains('beta')).toEqual(['web1 --p---'])
  })

  test('stays where it is if the target’s xl runs out of memory, and the user is told in its words', async () => {
    await hosts.set('beta', 'no-memory')
    const error = await failureOf((await moving()).migration)
    expect(error).toMatchObject({ outcome: 'rolledBack', guest: { source: 'running', target: 'none' } })
    expect(JSON.stringify(error)).toContain('Failed to populate physmap')
    await expectAtHome()
  })

  test('comes back if the target’s xl refuses to run it after the hand-over', async () => {
    await hosts.set('beta', 'refuses')
    expect(await failureOf((await moving()).migration)).toMatchObject({ outcome: 'rolledBack' })
    await expectAtHome()
  })

  test('comes back if the target’s xl dies when it is told to run it', async () => {
    await hosts.set('beta', 'dies-at-go')
    expect(await failureOf((await moving()).migration)).toMatchObject({ outcome: 'rolledBack' })
    await expectAtHome()
  })

  test('runs on where a copy is cancelled', async () => {
    await hosts.set('alpha', 'stuck')
    const { migration } = await moving()
    for await (const event of migration) if (event.type === 'progress' && event.bytes > 0) break
    await migration.cancel('enough')
    expect(await failureOf(migration)).toMatchObject({ code: 'VM_ABORTED', outcome: 'rolledBack' })
    await expectAtHome()
  })

  test('is not begun with while another migration has it', async () => {
    await hosts.set('alpha', 'stuck')
    const { migration } = await moving()
    for await (const event of migration) if (event.type === 'progress') break
    const { here, there } = await ends()
    const web1 = await here.domain('web1')
    await expect(web1.migrate(there, { live: true }).done).rejects.toMatchObject({ code: 'VM_BUSY' })
    await migration.cancel('enough')
    await expectAtHome()
  })
})

describe('a plan', () => {
  test('tells all that stands in the way, at once', async () => {
    await hosts.create('alpha', 'web1')
    await hosts.create('beta', 'web1')
    await hosts.set('alpha', 'no-ssh')
    const { here, there } = await ends()
    const plan = await (await here.domain('web1')).plan(there, { live: true, uri: 'ssh://beta/' })
    expect(plan.possible).toBe(false)
    const found = plan.findings.map(({ code }) => code).toSorted()
    expect(found).toEqual(['name-taken', 'ssh-unreachable', 'uuid-taken'])
  })

  test('goes through the controller where the hosts do not reach each other', async () => {
    await hosts.create('alpha', 'web1')
    await hosts.set('alpha', 'no-ssh')
    const { here, there } = await ends()
    const plan = await (await here.domain('web1')).plan(there, { live: true })
    expect(plan).toMatchObject({ possible: true, transport: 'relay' })
    expect(plan.findings).toMatchObject([{ code: 'ssh-unreachable', severity: 'warning' }])
  })
})

test('guests are started from a file of their host, and stopped', async () => {
  const { here } = await ends()
  await here.start('db1', ['/etc/xen/db1.cfg', 'memory=512'])
  expect(await hosts.domains('alpha')).toEqual(['db1 -b----'])
  await expect(here.start('db1', ['/etc/xen/db1.cfg'])).rejects.toMatchObject({ code: 'VM_EXISTS' })
  await expect(here.start('db2', ['-c', '/etc/xen/db1.cfg'])).rejects.toMatchObject({ code: 'VM_INVALID' })
  await here.stop('db1', { force: true })
  expect(await hosts.domains('alpha')).toEqual([])
})
