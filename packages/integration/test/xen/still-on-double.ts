import { createFerry, type Migration } from '@vmferry/core'
import { xen } from '@vmferry/driver-xen'
import { describe, expect, test, vi } from 'vitest'
import { FAKE_BYTES, type FakeXenHosts, fakeXenHosts } from './fake-xen-hosts.ts'
import { lostBetweenFakes } from './lost-between-fakes.ts'
import { LOST_AT } from './lost-controller.ts'

interface World {
  readonly hosts: FakeXenHosts
  moving(options?: object): Promise<{ readonly migration: Migration }>
  /** What was killed takes a moment to go. */
  expectAtHome(): Promise<void>
}

async function world(): Promise<World & AsyncDisposable> {
  const hosts = await fakeXenHosts()
  const ferry = createFerry({ drivers: [xen()], hosts: [hosts.provider] })
  return {
    hosts,
    async moving(options = {}) {
      await hosts.create('alpha', 'web1')
      const here = await ferry.connect(hosts.uri('alpha'))
      const there = await ferry.connect(hosts.uri('beta'))
      return { migration: (await here.domain('web1')).migrate(there, { live: false, ...options }) }
    },
    expectAtHome: () =>
      vi.waitFor(
        async () => {
          expect(await hosts.domains('alpha')).toEqual(['web1 -b----'])
          expect(await hosts.domains('beta')).toEqual([])
          for (const host of ['alpha', 'beta'] as const) expect(await hosts.traces(host)).toEqual([])
        },
        { timeout: 10_000 },
      ),
    async [Symbol.asyncDispose]() {
      // a copy that goes on for ever would keep a failed expectation from being told
      await hosts.unset('alpha', 'stuck')
      await ferry.close()
      await hosts.close()
    },
  }
}

describe.concurrent('a guest of Xen that stands still while it is copied', () => {
  test.each([undefined, 'relay:///'])('moves under another name, by %s', async (uri) => {
    await using here = await world()
    await (await here.moving({ rename: 'web2', ...(uri && { uri }) })).migration.done
    expect(await here.hosts.domains('alpha')).toEqual([])
    expect(await here.hosts.domains('beta')).toEqual(['web2 -b----'])
    expect(await here.hosts.count('beta', 'web2')).toMatchObject({ intact: true })
  })

  test('runs on where its copy is cancelled', async () => {
    await using here = await world()
    await here.hosts.set('alpha', 'stuck')
    const { migration } = await here.moving()
    // xl writes its headers before it stops the guest
    for await (const event of migration) if (event.type === 'progress' && event.bytes > FAKE_BYTES / 2) break
    expect(await here.hosts.domains('alpha')).toEqual(['web1 ---ss-'])
    const from = performance.now()
    await migration.cancel('enough')
    // xl hears of it at once, and does not wait to be killed
    expect(performance.now() - from).toBeLessThan(5_000)
    await expect(migration.done).rejects.toMatchObject({ code: 'VM_ABORTED', outcome: 'rolledBack' })
    await here.expectAtHome()
  })

  test.each(['refuses', 'dies-at-go', 'no-memory'])(
    'comes back where the target’s xl fails: %s',
    async (flag) => {
      await using here = await world()
      await here.hosts.set('beta', flag)
      await expect((await here.moving()).migration.done).rejects.toMatchObject({ outcome: 'rolledBack' })
      await here.expectAtHome()
    },
  )

  test.each(LOST_AT)(
    'is one domain, under its name, where its controller is lost $when $at',
    async (lost) => {
      await using here = await world()
      expect(await lostBetweenFakes(here.hosts, lost, { live: false })).toEqual(lost.settled)
    },
  )
})
