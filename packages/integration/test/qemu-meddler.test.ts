import { describe, expect, test } from 'vitest'
import { effect, prepared } from './qemu-by-hand.ts'
import { COMMAND, qemuProblem, twoRooms } from './qemu-guests.ts'
import { spareMonitor } from './qemu-monitor.ts'

describe.skipIf(qemuProblem !== null)(
  `somebody who runs a guest of real QEMU while it is handed over${qemuProblem ? ` (${qemuProblem})` : ''}`,
  () => {
    test('is noticed at the source: it is not handed over', async () => {
      await using rooms = await twoRooms()
      await rooms.here.start('web1', COMMAND)
      const { outgoing, incoming, perform } = await prepared(rooms.here.uri, rooms.there.uri)
      await perform()
      await incoming.ready?.(effect(1))
      await outgoing.handOver?.(effect(1))
      const meddler = await spareMonitor(rooms, 'a')
      await meddler.execute('cont')
      await expect.poll(async () => (await meddler.execute('query-status')).running).toBe(true)
      await expect(outgoing.handOver?.(effect(1))).rejects.toMatchObject({
        code: 'VM_PHASE_FAILED',
        message: expect.stringContaining('should be stopped after the copy, but is running'),
      })
      await incoming.abort('somebody else runs it', effect(1))
      await outgoing.abort('somebody else runs it', effect(1))
    })

    test('is noticed at the target: it runs before it was told to', async () => {
      await using rooms = await twoRooms()
      await rooms.here.start('web1', COMMAND)
      const { outgoing, incoming, perform } = await prepared(rooms.here.uri, rooms.there.uri)
      await perform()
      const meddler = await spareMonitor(rooms, 'b')
      await meddler.execute('cont')
      await expect.poll(async () => (await meddler.execute('query-status')).running).toBe(true)
      await expect(incoming.ready?.(effect(1))).rejects.toMatchObject({
        code: 'VM_PHASE_FAILED',
        message: expect.stringContaining('runs before it was told to'),
      })
      await incoming.abort('somebody else runs it', effect(1))
      await outgoing.abort('somebody else runs it', effect(1))
    })
  },
)
