import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { call, driverAt, effect, prepared } from './qemu-by-hand.ts'
import { COMMAND, qemuProblem, twoRooms } from './qemu-guests.ts'
import { guestFolder, spareMonitor } from './qemu-monitor.ts'

const STALE = { code: 'VM_STALE', epoch: 2 }

describe.skipIf(qemuProblem !== null)(
  `the fence of real QEMU${qemuProblem ? ` (${qemuProblem})` : ''}`,
  () => {
    test('a perform, a change of limits and an abort of an old epoch have no effect', async () => {
      await using rooms = await twoRooms()
      await rooms.here.start('web1', COMMAND)
      const { source, target, outgoing, incoming, perform } = await prepared(rooms.here.uri, rooms.there.uri)
      const [here, there] = [await spareMonitor(rooms, 'a'), await spareMonitor(rooms, 'b')]
      await source.claim('web1', 2, call)
      await target.claim('web1', 2, call)

      const before = await here.execute('query-migrate-parameters')
      await expect(perform()).rejects.toMatchObject(STALE)
      await expect(outgoing.tune?.({ bandwidth: 1 }, effect(1))).rejects.toMatchObject(STALE)
      await expect(outgoing.abort('too late', effect(1))).rejects.toMatchObject(STALE)
      await expect(incoming.abort('too late', effect(1))).rejects.toMatchObject(STALE)

      expect(await here.execute('query-migrate-parameters')).toEqual(before)
      expect(await here.execute('query-migrate')).toEqual({})
      expect(await source.migrations(call)).toMatchObject([{ phase: 'begin' }])
      expect(await there.execute('query-status')).toMatchObject({ status: 'inmigrate' })

      await perform(2)
      await incoming.abort('taken over', effect(2))
      await outgoing.abort('taken over', effect(2))
      expect(await rooms.here.domains()).toMatchObject([{ state: 'running' }])
    })

    test('eight changes at once are made one after another, and each has its own answer', async () => {
      await using rooms = await twoRooms()
      await rooms.here.start('web1', COMMAND)
      const { outgoing, incoming } = await prepared(rooms.here.uri, rooms.there.uri)
      await Promise.all(
        Array.from({ length: 8 }, async (_, at) => outgoing.tune?.({ bandwidth: 1_000_000 + at }, effect(1))),
      )
      const { 'max-bandwidth': limit } = await (await spareMonitor(rooms, 'a')).execute(
        'query-migrate-parameters',
      )
      expect(Number(limit) - 1_000_000).toBeLessThan(8)
      await incoming.abort('enough', effect(1))
      await outgoing.abort('enough', effect(1))
    })

    test('events that nobody read for long do not stand in the way of an answer', async () => {
      await using rooms = await twoRooms()
      await rooms.here.start('web1', COMMAND)
      expect((await rooms.here.domain('web1')).state).toBe('running')
      const monitor = await spareMonitor(rooms, 'a')
      // more of them than a FIFO holds
      for (let round = 0; round < 500; round += 1)
        await Promise.all([monitor.execute('stop'), monitor.execute('cont')])
      await monitor.execute('stop')
      expect((await rooms.here.domain('web1')).state).toBe('paused')
    })

    test('a QEMU without a fence is listed, stopped, and not moved: the plan says what to do', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', COMMAND)
      for (const end of ['in', 'out']) await rm(join(await guestFolder(rooms, 'a'), `fence.${end}`))
      expect(await rooms.here.domains()).toMatchObject([{ name: 'web1', state: 'running' }])
      expect(await web1.plan(rooms.there)).toMatchObject({
        possible: false,
        findings: [{ code: 'no-fence', error: 'VM_UNSUPPORTED', remedy: expect.any(String) }],
      })
      await expect(prepared(rooms.here.uri, rooms.there.uri)).rejects.toMatchObject({
        code: 'VM_UNSUPPORTED',
      })
      expect(await rooms.left('b')).toEqual([])
      await rooms.here.stop('web1', { force: true })
      expect(await rooms.left('a')).toEqual([])
    })

    test('an epoch outlives its guest: what comes late still finds it', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', COMMAND)
      await web1.migrate(rooms.there, { live: true })
      const source = await driverAt(rooms.here.uri)
      await expect(source.claim('web1', 1, call)).rejects.toMatchObject({ code: 'VM_STALE' })
    })
  },
)
