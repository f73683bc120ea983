import { createFerry, type Ferry, type Migration } from '@vmferry/core'
import { xen } from '@vmferry/driver-xen'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type FakeXenHosts, fakeXenHosts } from './fake-xen-hosts.ts'
import { LEFT, LOSSES, loseController } from './lost-controller.ts'

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

async function moving(options: object = {}): Promise<{ readonly migration: Migration }> {
  await hosts.create('alpha', 'web1')
  const here = await ferry.connect(hosts.uri('alpha'))
  const there = await ferry.connect(hosts.uri('beta'))
  return { migration: (await here.domain('web1')).migrate(there, { live: false, ...options }) }
}

async function expectAtHome(): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await hosts.domains('alpha')).toEqual(['web1 -b----'])
      expect(await hosts.domains('beta')).toEqual([])
      for (const host of ['alpha', 'beta']) expect(await hosts.traces(host)).toEqual([])
    },
    { timeout: 10_000 },
  )
}

describe('a guest of Xen that stands still while it is copied', () => {
  test.each([undefined, 'relay:///'])('moves under another name, by %s', async (uri) => {
    await (await moving({ rename: 'web2', ...(uri && { uri }) })).migration.done
    expect(await hosts.domains('alpha')).toEqual([])
    expect(await hosts.domains('beta')).toEqual(['web2 -b----'])
    expect(await hosts.count('beta', 'web2')).toMatchObject({ intact: true })
  })

  test('runs on where its copy is cancelled', async () => {
    await hosts.set('alpha', 'stuck')
    const { migration } = await moving()
    for await (const event of migration) if (event.type === 'progress' && event.bytes > 0) break
    expect(await hosts.domains('alpha')).toEqual(['web1 ---ss-'])
    await migration.cancel('enough')
    await expect(migration.done).rejects.toMatchObject({ code: 'VM_ABORTED', outcome: 'rolledBack' })
    await expectAtHome()
  })

  test.each(['refuses', 'dies-at-go', 'no-memory'])(
    'comes back where the target’s xl fails: %s',
    async (flag) => {
      await hosts.set('beta', flag)
      await expect((await moving()).migration.done).rejects.toMatchObject({ outcome: 'rolledBack' })
      await expectAtHome()
    },
  )

  test.each(LOSSES)('is one domain, under its name, where its controller is lost %s %s', async (...loss) => {
    expect(await loseController(hosts, loss, false)).toEqual(LEFT[loss[2]])
  })
})
