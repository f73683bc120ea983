import { type ChosenRequest, type EffectOptions, isVmError, type Offer } from '@vmferry/core/driver'
import { type Fence, type Step } from '@vmferry/fence'
import { expect, test } from 'vitest'
import { guestFolder } from '../src/guest/run-directory.ts'
import { channels, lacksParallel, receiving, sending } from '../src/migration/capabilities.ts'
import { found, knownIn } from '../src/migration/found.ts'
import { listening } from '../src/migration/listening.ts'
import type { QemuHost } from '../src/qemu-host.ts'
import { madePlain } from '../src/tls/steps.ts'
import { orderOf } from './order.ts'

const PLAIN = { autoConverge: false, connections: 1, postCopy: false }
const ALL = ['auto-converge', 'events', 'multifd', 'pause-before-switchover', 'postcopy-ram', 'return-path']

const on = (states: readonly { capability: string; state: boolean }[]) =>
  states.flatMap(({ capability, state }) => (state ? [capability] : [])).toSorted()
const off = (states: readonly { capability: string; state: boolean }[]) =>
  states.flatMap(({ capability, state }) => (state ? [] : [capability])).toSorted()

test('what one side of a stream is told to do, the other is told too', () => {
  for (const wish of [PLAIN, { ...PLAIN, connections: 4 }, { ...PLAIN, postCopy: true }]) {
    const own = ['auto-converge', 'pause-before-switchover', 'return-path']
    const shared = on(sending(wish, false, ALL)).filter((name) => !own.includes(name))
    expect(on(receiving(wish))).toEqual(shared)
  }
  expect(on(receiving({ ...PLAIN, connections: 4 }))).toEqual(['events', 'multifd'])
  expect([channels(PLAIN), channels({ ...PLAIN, connections: 4 })]).toEqual([{}, { 'multifd-channels': 4 }])
})

test('a source switches off what a migration before has left on, but not what it has never heard of', () => {
  expect(off(sending(PLAIN, false, ALL))).toEqual([
    'auto-converge',
    'multifd',
    'pause-before-switchover',
    'postcopy-ram',
  ])
  expect(off(sending(PLAIN, false, ['events', 'return-path', 'auto-converge']))).toEqual(['auto-converge'])
  const wish = { autoConverge: true, connections: 4, postCopy: false }
  expect(on(sending(wish, true, []))).toEqual(ALL.filter((name) => name !== 'postcopy-ram'))
})

test('how a QEMU was found tells what it knows, and whether its stream is a plain one', () => {
  const capabilities = [
    { capability: 'multifd', state: true },
    { capability: 'xbzrle', state: false },
  ]
  const left = (parameters: object) => found(parameters as never, capabilities)
  expect(knownIn(left({}))).toEqual(['multifd'])
  expect(knownIn(undefined)).toEqual([])
  expect(madePlain(left({ 'tls-creds': '' }))).toEqual([])
  // a QEMU that does not say, and a record that does not
  for (const before of [left({ 'tls-creds': 'vmferry-tls' }), left({}), undefined])
    expect(madePlain(before)).toHaveLength(2)
})

test('a QEMU that does not know several connections is told by its capabilities, and one needs none', () => {
  expect(lacksParallel({ connections: 1 }, [])).toBe(false)
  expect(lacksParallel({ connections: 4 }, [])).toBe(true)
  expect(lacksParallel({ connections: 4 }, [{ capability: 'multifd', state: false }])).toBe(false)
})

test('a target that knows no parallel connections says so before it listens', async () => {
  const acted: string[] = []
  const fence = {
    ask: async () => [[{ capability: 'xbzrle', state: false }]],
    act: async (steps: readonly Step[]) => acted.push(...steps.map((step) => orderOf(step)?.execute ?? '')),
  } as unknown as Fence
  const request = { connections: 4, transport: 'ssh', uri: null } as ChosenRequest
  const at = { host: { name: 'beta' } } as QemuHost
  const listener = { fence, folder: guestFolder('/run', 'm-1'), offer: {} as Offer, request, disks: [] }
  const error: unknown = await listening(at, listener, {} as EffectOptions).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'VM_PHASE_FAILED', host: 'beta', remedy: expect.any(String) })
  expect(isVmError(error) && error.message).toBe('QEMU on beta knows no parallel connections')
  expect(acted).toEqual([])
})
