import { describe, expect, test } from 'vitest'
import { effect, prepared } from './qemu-by-hand.ts'
import { COMMAND, qemuProblem, twoRooms } from './qemu-guests.ts'
import { spareMonitor } from './qemu-monitor.ts'

describe.skipIf(qemuProblem !== null)(`the processor of a guest of real QEMU ${qemuProblem ?? ''}`, () => {
  test.each([
    ['EPYC', 'EPYC-x86_64-cpu', []],
    ['EPYC,-rdseed,sha-ni=off', 'EPYC-x86_64-cpu', ['rdseed', 'sha-ni']],
  ])('-cpu %s goes along with what it does without', async (model, type, switchedOff) => {
    await using rooms = await twoRooms()
    await rooms.here.start('web1', [...COMMAND, '-cpu', model])
    const monitor = await spareMonitor(rooms, 'a')
    const definitions = await monitor.execute('query-cpu-definitions')
    // of one client at a time
    await monitor.close()
    const lacking = definitions.find(({ typename }) => typename === type)?.['unavailable-features'] ?? []
    expect(lacking.length).toBeGreaterThan(0)

    const { outgoing, incoming } = await prepared(rooms.here.uri, rooms.there.uri)
    expect(outgoing.offer.cookie?.['processor']).toEqual({
      accelerator: 'tcg',
      type,
      unavailable: [...new Set([...lacking, ...switchedOff])].toSorted(),
    })
    for (const half of [incoming, outgoing]) await half.abort('the test is over', effect(1))
  })
})
