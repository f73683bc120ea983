import type { Clock, EffectOptions, Offer } from '@vmferry/core/driver'
import { type Fence, type Step } from '@vmferry/fence'
import type { BlockJobInfo, QmpClient } from '@vmferry/qmp'
import { expect, test } from 'vitest'
import { tell } from '../src/fence/step.ts'
import { disksIn } from '../src/storage/disks.ts'
import { endMirrors, mirrors } from '../src/storage/mirror.ts'
import { orderOf } from './order.ts'

const call = { signal: new AbortController().signal } as EffectOptions
const clock = {
  monotonic: () => 0,
  schedule: (_ms: number, then: () => void) => {
    queueMicrotask(then)
    return () => {}
  },
} as unknown as Clock

const disk = { path: '/a', node: 'n', format: 'raw', bytes: 100, allocated: 100, unfit: null }
const disks = disksIn({ cookie: { disks: [disk] } } as unknown as Offer)

/** A QEMU whose jobs answer one after the other, the last one for ever, and what it was told. */
function qemuWith(commands: readonly string[], ...answers: readonly Partial<BlockJobInfo>[]) {
  const told: string[] = []
  const left = [...answers]
  const job = (): object => {
    const now = left.length > 1 ? left.shift() : left[0]
    return { device: 'vmferry-disk0', len: 100, offset: 0, ready: false, status: 'running', ...now }
  }
  const act = async (steps: readonly Step[]): Promise<unknown[]> => {
    for (const step of steps) {
      const given = orderOf(step)
      if (step.words[0] === 'tell' && given) told.push(toldIn(given))
    }
    return []
  }
  const fence = { act, ask: async () => [[job()]] } as unknown as Fence
  const execute = async (command: string) =>
    command === 'query-commands' ? commands.map((name) => ({ name })) : [job()]
  const monitor = { execute } as unknown as QmpClient
  const order = {
    host: 'alpha',
    clock,
    disks,
    to: { server: { type: 'unix', path: '/s' }, name: null },
    limit: () => 1000,
  }
  return { storage: mirrors(fence, monitor, order), fence, told }
}

function toldIn({ execute, arguments: given }: NonNullable<ReturnType<typeof orderOf>>): string {
  const mode = (given as Record<string, unknown> | undefined)?.['copy-mode']
  return typeof mode === 'string' ? `${execute} ${mode}` : execute
}

/** The limits that a step sets. */
function limitsIn(steps: readonly Step[]): unknown[] {
  return steps.map((step) => orderOf(step)?.arguments)
}

const SYNCED = { ready: true, offset: 120, len: 120, 'actively-synced': true }

test('a disk that is written to as fast as it is copied follows the guest once all of it has been copied', async () => {
  const running = [
    { offset: 40, len: 120 },
    { offset: 110, len: 190 },
    { offset: 120, len: 190 },
  ]
  const { storage, told } = qemuWith(['block-job-change'], {}, ...running, SYNCED)
  const figures: object[] = []
  expect(limitsIn(storage.limited(800))).toEqual([{ device: 'vmferry-disk0', speed: 800 }])
  await storage.copy((seen) => figures.push(seen), call)
  expect(told).toEqual([
    'object-add',
    'blockdev-add',
    'blockdev-mirror background',
    'block-job-change write-blocking',
  ])
  expect(figures.at(0)).toEqual({ bytes: 40, remaining: 80 })
  // from now on a quarter of any limit
  expect(limitsIn(storage.limited(800))).toMatchObject([{ value: { 'bps-write': 200 } }])
  expect(limitsIn(storage.limited(0))).toMatchObject([{ value: { 'bps-write': 0 } }])
})

test('a QEMU that cannot change a job follows the guest from the start', async () => {
  const { storage, told } = qemuWith(
    [],
    {},
    { offset: 110, len: 190 },
    { ready: true, offset: 190, len: 190 },
  )
  await storage.copy(() => {}, call)
  expect(told).toEqual(['object-add', 'blockdev-add', 'blockdev-mirror write-blocking'])
})

test.each([
  ['a job that failed', { status: 'concluded', error: 'No space left on device' }, 'No space left'],
  ['a job that somebody ended', { status: 'concluded' }, 'its job has ended'],
  ['a job of somebody else', { device: 'drive0', type: 'backup' } as const, 'backup'],
])('%s ends the copy', async (_, answer, words) => {
  const { storage } = qemuWith([], {}, answer)
  await expect(storage.copy(() => {}, call)).rejects.toMatchObject({
    code: 'VM_PHASE_FAILED',
    message: expect.stringContaining(words),
  })
})

test('the guest goes on to the target only when each job has ended without an error', async () => {
  const then = tell('migrate-continue', { state: 'pre-switchover' })
  const good = qemuWith([], SYNCED, SYNCED, { ...SYNCED, status: 'concluded' })
  await good.storage.finish(then, call)
  expect(good.told).toEqual(['block-job-cancel', 'job-dismiss', 'blockdev-del', 'migrate-continue'])
  const bad = qemuWith([], SYNCED, { ...SYNCED, status: 'concluded', error: 'Broken pipe' })
  await expect(bad.storage.finish(then, call)).rejects.toMatchObject({ causes: [{ words: 'Broken pipe' }] })
  expect(bad.told).toEqual(['block-job-cancel'])
})

test('what is ended early may be refused, and is over before it is forgotten', async () => {
  const { fence, told } = qemuWith([], {}, { status: 'aborting' }, { status: 'concluded' })
  await endMirrors(fence, clock, disks, call)
  expect(told).toEqual([])
  await endMirrors({} as Fence, clock, [], call)
})
