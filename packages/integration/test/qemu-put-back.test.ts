import type { QmpClient } from '@vmferry/qmp'
import { describe, expect, test } from 'vitest'
import { type ByHand, call, driverAt, effect, prepared } from './qemu-by-hand.ts'
import { COMMAND, qemuProblem, type TwoRooms, twoRooms } from './qemu-guests.ts'
import { spareMonitor } from './qemu-monitor.ts'

/** What somebody has set in the guest's QEMU, unlike what it starts with and what the migration asks for. */
const CAPABILITIES = { 'auto-converge': true, 'postcopy-ram': false, multifd: false }
const PARAMETERS = { 'max-bandwidth': 12_345_678, 'downtime-limit': 77, 'multifd-channels': 5 }

const WISH = { connections: 3, maxDowntime: 500, bandwidth: 2_000_000 }

/** A copy that is under way, of a QEMU that was set so, and how it is set now. */
async function underWay(rooms: TwoRooms) {
  await rooms.here.start('web1', COMMAND)
  // begin asks by the same monitor: nobody may stay on it
  const asked = async <T>(ask: (monitor: QmpClient) => Promise<T>): Promise<T> => {
    const monitor = await spareMonitor(rooms, 'a')
    try {
      return await ask(monitor)
    } finally {
      await monitor.close()
    }
  }
  const settings = () =>
    asked((monitor) =>
      Promise.all([
        monitor.execute('query-migrate-parameters'),
        monitor.execute('query-migrate-capabilities'),
      ]),
    )
  const capabilities = Object.entries(CAPABILITIES).map(([capability, state]) => ({ capability, state }))
  await asked((monitor) => monitor.execute('migrate-set-capabilities', { capabilities }))
  await asked((monitor) => monitor.execute('migrate-set-parameters', PARAMETERS))
  const before = await settings()
  const byHand: ByHand = await prepared(rooms.here.uri, rooms.there.uri, WISH)
  const performed = byHand.perform()
  performed.catch(() => {})
  await expect.poll(() => byHand.seen.length).toBeGreaterThan(0)
  expect(await settings()).not.toEqual(before)
  return { ...byHand, settings, before }
}

describe.skipIf(qemuProblem !== null)(
  `what a real QEMU was set to before a migration that failed${qemuProblem ? ` (${qemuProblem})` : ''}`,
  () => {
    test('is put back, also what was changed meanwhile', async () => {
      await using rooms = await twoRooms()
      const { outgoing, incoming, settings, before } = await underWay(rooms)
      await outgoing.tune?.({ bandwidth: 3_000_000, maxDowntime: 900 }, effect(1))
      await incoming.abort('enough', effect(1))
      await outgoing.abort('enough', effect(1))
      expect(await settings()).toEqual(before)
    })

    test('is put back by another controller, from the record on the host', async () => {
      await using rooms = await twoRooms()
      const { source, target, incoming, settings, before } = await underWay(rooms)
      const other = await driverAt(rooms.here.uri)
      await source.claim('web1', 2, call)
      await target.claim('web1', 2, call)
      await incoming.abort('taken over', effect(2))
      const recalled = await other.source?.recall('m-by-hand', effect(2))
      await recalled?.abort('taken over', effect(2))
      expect(await settings()).toEqual(before)
    })
  },
)
