import type { ExecResult, HostChannel } from '@vmferry/core/driver'
import type { MigrationInfo } from '@vmferry/qmp'
import { expect, test } from 'vitest'
import { bytesIn } from '../src/facts/used-memory.ts'
import { report } from '../src/migration/figures.ts'
import { rateIn, sshRate } from '../src/transport/link-rate.ts'

const call = { signal: new AbortController().signal }

/** As dd 9.1 of coreutils ended when it was interrupted, behind the banner of an sshd. */
const INTERRUPTED = `Authorized use only: 5 bytes
34+1666 records in
34+1666 records out
9437184 bytes (9.4 MB, 9.0 MiB) copied, 0.499024 s, 18.9 MB/s
`

test.each([
  ['interrupted after half a second', INTERRUPTED, 18_911_283],
  [
    'a link that carried all before',
    '67108864 bytes (67 MB, 64 MiB) copied, 0.0449875 s, 1.5 GB/s',
    1_491_722_456,
  ],
  ['hardly anything', '8 bytes copied, 3.8069e-05 s, 210 kB/s', 210_145],
  ['nothing', '0 bytes copied, 0.498883 s, 0.0 kB/s', null],
  ['no time', '10 bytes copied, 0 s, Infinity B/s', null],
  ['no dd', 'sh: dd: not found', null],
] as const)('the rate of a link in the words of dd: %s', (_what, words, rate) => {
  expect(rateIn(words)).toBe(rate)
})

test('the zeros go through the ssh that would carry the guest, and the counting ends by itself', async () => {
  const asked: (readonly string[])[] = []
  const exec = async (argv: readonly string[]): Promise<ExecResult> => {
    asked.push(argv)
    return { code: 124, signal: null, stdout: '', stderr: INTERRUPTED }
  }
  const host = { name: 'alpha', exec } as unknown as HostChannel
  expect(await sshRate(host, { user: 'root', host: 'beta', port: null }, call)).toBe(18_911_283)
  const words = asked[0]?.join(' ')
  expect(words).toMatch(/timeout -k 1 10 "\$@" sh 67108864 ssh -T .*Compression=no/)
  expect(words).toMatch(
    /-l root -- beta exec env LC_ALL=C timeout 10 sh -c '.*; exec timeout -s INT 0\.5 dd of=\/dev\/null/,
  )
})

test('an ssh that says nothing of a rate is a reason, not a rate', async () => {
  const exec = async (): Promise<ExecResult> => ({ code: 255, signal: null, stdout: '', stderr: 'no' })
  const host = { name: 'alpha', exec } as unknown as HostChannel
  const told = await sshRate(host, { user: null, host: 'beta', port: null }, call)
  expect(told).toBe('what ssh carries from alpha to beta could not be measured')
})

test('the memory of a QEMU is what it has in pages of either size and what was swapped out', () => {
  const status =
    'Name:\tqemu\nVmRSS:\t  100 kB\nRssAnon:\t  90 kB\nVmSwap:\t  20 kB\nHugetlbPages:\t  2048 kB\n'
  expect(bytesIn(status)).toBe(2168 * 1024)
  expect(bytesIn('Name:\tkthreadd\n')).toBeNull()
})

test('a first round does not say that the guest writes nothing', () => {
  const told: object[] = []
  const onProgress = (event: object): void => void told.push(event)
  const ram = { transferred: 21_002_220, remaining: 112_885_760, total: 134_750_208, 'page-size': 4096 }
  for (const [round, rate] of [
    [1, 0],
    [2, 2211],
    [3, 0],
  ]) {
    const info = { ram: { ...ram, 'dirty-sync-count': round, 'dirty-pages-rate': rate } }
    report(info as unknown as MigrationInfo, { bytes: 1, remaining: 2 }, { onProgress } as never)
  }
  expect(told[0]).not.toHaveProperty('dirtyBytesPerSecond')
  expect(told[0]).toMatchObject({ bytes: 21_002_221, remainingBytes: 112_885_762 })
  expect(told.slice(1)).toMatchObject([{ dirtyBytesPerSecond: 9_056_256 }, { dirtyBytesPerSecond: 0 }])
})
