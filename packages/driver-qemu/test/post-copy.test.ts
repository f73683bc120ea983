import type { EffectOptions, HostChannel, MigrationRequest, Offer } from '@vmferry/core/driver'
import { type Fence, type Step } from '@vmferry/fence'
import { expect, test } from 'vitest'
import { postCopyFindings, postCopyHostFindings } from '../src/facts/post-copy.ts'
import { hasBegun, hasGoneOver, postCopyTurn } from '../src/migration/post-copy.ts'
import { orderOf } from './order.ts'

const KNOWN = [{ capability: 'postcopy-ram', state: false }]
const wish = { live: true, postCopy: true, connections: 1 } as MigrationRequest
const guest = { name: 'web1', uuid: null, argv: ['qemu-system-x86_64', '-m', '128'] } as never

const codes = (request: MigrationRequest, definition = guest, known = KNOWN) =>
  postCopyFindings(request, definition, known, 'alpha').map(({ code, severity }) => `${severity} ${code}`)

test('the danger is a warning of the plan, and what stands in the way is a blocker', () => {
  expect(codes({ ...wish, postCopy: false })).toEqual([])
  expect(codes(wish)).toEqual(['warning post-copy-risk'])
  expect(codes(wish, guest, [])).toContain('blocker no-post-copy')
  expect(codes({ ...wish, connections: 4 })).toContain('blocker post-copy-parallel')
  for (const memory of [
    ['-mem-path', '/dev/hugepages'],
    ['-object', 'memory-backend-file,id=m,size=128M,mem-path=/x'],
  ])
    expect(codes(wish, { name: 'web1', argv: ['qemu', ...memory] } as never)).toContain(
      'blocker post-copy-file-memory',
    )
})

test.each([
  ['0\n0\n', 0],
  ['1000\n1\n', 0],
  ['1000\n0\ndevice\n', 0],
  ['1000\n0\n', 1],
])('a host that says %j has %i objections', async (stdout, count) => {
  const host = { name: 'beta', exec: async () => ({ code: 0, stdout, stderr: '' }) } as unknown as HostChannel
  const call = { signal: new AbortController().signal }
  expect(await postCopyHostFindings(host, wish, call)).toHaveLength(count)
  expect(await postCopyHostFindings(host, { ...wish, postCopy: false }, call)).toEqual([])
})

test('states that newer versions add count as post-copy, but for the one that QEMU can still come back from', () => {
  for (const status of ['postcopy-active', 'postcopy-paused', 'postcopy-recover-setup', 'postcopy-anything'])
    expect([hasGoneOver({ status }), hasBegun({ status })]).toEqual([true, true])
  expect([hasGoneOver({ status: 'postcopy-device' }), hasBegun({ status: 'postcopy-device' })]).toEqual([
    false,
    true,
  ])
  expect(hasBegun({ status: 'active' })).toBe(false)
  const ram = (bytes: number) => ({ 'postcopy-bytes': bytes }) as never
  expect([0, 4096].map((bytes) => hasBegun({ status: 'completed', ram: ram(bytes) }))).toEqual([false, true])
})

test('it goes over when it does not converge or is told to, once, and not before core has it on file', async () => {
  const offer = { runState: 'running' } as Offer
  const order: string[] = []
  const fence = {
    act: async ([step]: readonly Step[]) => order.push(String(step && orderOf(step)?.execute)),
  } as unknown as Fence
  const call = {
    signal: new AbortController().signal,
    permit: async () => void order.push('permit'),
  } as unknown as EffectOptions
  let tuned = false
  const turn = postCopyTurn(wish, offer, () => tuned)
  expect([turn.isDue(null), turn.isDue({ downtime: 600 }), turn.isDue('help')]).toEqual([false, false, true])
  tuned = true
  expect(turn.isDue(null)).toBe(true)
  await turn.take(fence, call)
  expect(order).toEqual(['permit', 'migrate-start-postcopy'])
  expect([turn.told, turn.isDue('help')]).toEqual([true, false])
  const still = { ...wish, live: false }
  expect(postCopyTurn(still, offer, () => true).isDue('help')).toBe(false)
  expect(postCopyTurn(wish, { ...offer, runState: 'paused' }, () => true).isDue('help')).toBe(false)
})
