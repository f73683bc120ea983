import { type ChosenRequest, type EffectOptions, isVmError, type Offer } from '@vmferry/core/driver'
import { type Fence, type Step } from '@vmferry/fence'
import { expect, test } from 'vitest'
import { guestFolder } from '../src/guest/run-directory.ts'
import { listening } from '../src/migration/listening.ts'
import { lacksParallel, parallelSteps } from '../src/migration/parallel.ts'
import type { QemuHost } from '../src/qemu-host.ts'
import { orderOf } from './order.ts'

const MULTIFD = { capability: 'multifd', state: false }

const orders = (steps: readonly Step[]) => steps.map((step) => [step.words[0], orderOf(step)?.execute])

test('one connection is the plain stream, which a QEMU that knows no other need not hear of', () => {
  expect(orders(parallelSteps({ connections: 1 }))).toEqual([['try', 'migrate-set-capabilities']])
  expect(lacksParallel({ connections: 1 }, [])).toBe(false)
})

test('several are switched on and counted, and a QEMU that does not know them is told by its capabilities', () => {
  const steps = parallelSteps({ connections: 4 })
  expect(orders(steps)).toEqual([
    ['tell', 'migrate-set-capabilities'],
    ['tell', 'migrate-set-parameters'],
  ])
  expect(steps[1] && orderOf(steps[1])?.arguments).toEqual({ 'multifd-channels': 4 })
  expect([lacksParallel({ connections: 4 }, []), lacksParallel({ connections: 4 }, [MULTIFD])]).toEqual([
    true,
    false,
  ])
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
