import type { HostChannel } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { clockFindings, hostFacts } from '../src/facts/host.ts'
import type { QemuHost } from '../src/qemu-host.ts'

const call = { signal: new AbortController().signal }

/** A host whose answer takes a second of the controller's clock. */
function hostAt(time: number): QemuHost {
  let now = 1_000_000
  const host = {
    name: 'alpha',
    async exec() {
      now += 1_000
      return { code: 0, stdout: `time ${time}\nmemory 2048\nname EPYC 9000\nflags sse2 avx2 \n`, stderr: '' }
    },
  } as unknown as HostChannel
  return { host, clock: { now: () => now } } as QemuHost
}

test.each([
  [1_000_000, 0],
  [1_000_700, 0],
  [1_031_000, 30_000],
  [400_000, -600_000],
])('a host that says %i between 1000000 and 1001000 is %i ms ahead at least', async (time, ahead) => {
  expect((await hostFacts(hostAt(time), call)).aheadMs).toBe(ahead)
})

test('a clock that is far from the controller is a warning in words', async () => {
  const at = hostAt(400_000)
  const [finding] = clockFindings(at.host, 'source', await hostFacts(at, call))
  expect(finding).toMatchObject({ severity: 'warning', code: 'clock-skew', side: 'source' })
  expect(finding?.message).toBe("the clock of alpha is 600 s behind this controller's")
  const near = hostAt(1_004_000)
  expect(clockFindings(near.host, 'source', await hostFacts(near, call))).toEqual([])
})

test('the processor is told by its name and its features in order', async () => {
  expect((await hostFacts(hostAt(1_000_000), call)).processor).toEqual({
    name: 'EPYC 9000',
    flags: ['avx2', 'sse2'],
  })
})

test('the memory that a host can give is in bytes', async () => {
  expect((await hostFacts(hostAt(1_000_000), call)).availableBytes).toBe(2048 * 1024)
})
