import type { CopyState } from '@vmferry/core/driver'
import { type Case, check } from '../case.ts'
import { crash } from '../crash.ts'
import { ensure } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { abortableAfter, PHASED } from '../needs.ts'
import { arrived, begin, finished, loaded, prepare } from '../way.ts'

export const inspectCases: readonly Case[] = [
  check('inspect.evidence', PHASED, 'inspect tells its facts in words', async (bench) => {
    await bench.stage.start('source', GUEST, 'running')
    const { outgoing, incoming } = await prepare(await begin(bench))
    for (const half of [outgoing, incoming]) {
      const { evidence } = await half.inspect(bench.call())
      ensure(evidence.length > 0 && evidence.every((line) => line.trim() !== ''), 'it has no evidence')
    }
  }),

  check(
    'inspect.source-running',
    PHASED,
    'after begin the source’s copy is running and complete',
    async (bench) => {
      await bench.stage.start('source', GUEST, 'running')
      const { outgoing } = await begin(bench)
      expectState(await outgoing.inspect(bench.call()), { run: 'running', complete: true })
    },
  ),

  check(
    'inspect.target-waiting',
    PHASED,
    'after prepare the target’s copy is stopped and not complete',
    async (bench) => {
      await bench.stage.start('source', GUEST, 'running')
      const { incoming } = await prepare(await begin(bench))
      const state = await incoming.inspect(bench.call())
      expectState(state, { run: 'stopped', complete: false, mayHaveRun: false, revivable: false })
    },
  ),

  check(
    'inspect.source-stopped',
    PHASED,
    'after perform the source’s copy is stopped and complete',
    async (bench) => {
      await bench.stage.start('source', GUEST, 'running')
      const { outgoing } = await arrived(bench)
      expectState(await outgoing.inspect(bench.call()), { run: 'stopped', complete: true })
    },
  ),

  check(
    'inspect.source-revivable',
    [...PHASED, abortableAfter('perform')],
    'after perform the source’s copy can be run again',
    async (bench) => {
      await bench.stage.start('source', GUEST, 'running')
      const { outgoing } = await arrived(bench)
      expectState(await outgoing.inspect(bench.call()), { revivable: true })
    },
  ),

  check(
    'inspect.target-complete',
    PHASED,
    'after ready the target’s copy is complete and has not run',
    async (bench) => {
      await bench.stage.start('source', GUEST, 'running')
      const { incoming } = await loaded(bench)
      const state = await incoming.inspect(bench.call())
      expectState(state, { run: 'stopped', complete: true, mayHaveRun: false, revivable: true })
    },
  ),

  check('inspect.target-running', PHASED, 'after finish the target’s copy is running', async (bench) => {
    await bench.stage.start('source', GUEST, 'running')
    const { incoming } = await finished(bench)
    expectState(await incoming.inspect(bench.call()), { run: 'running', complete: true })
  }),

  check(
    'inspect.target-mark',
    PHASED,
    'after finish the target’s copy may have run, whatever it does now',
    async (bench) => {
      await bench.stage.start('source', GUEST, 'running')
      const { incoming } = await finished(bench)
      expectState(await incoming.inspect(bench.call()), { mayHaveRun: true })
      await crash(bench, 'target')
      expectState(await incoming.inspect(bench.call()), { mayHaveRun: true })
    },
  ),

  check('inspect.source-gone', PHASED, 'a source whose process is gone is told to be gone', async (bench) => {
    await bench.stage.start('source', GUEST, 'running')
    const { outgoing } = await begin(bench)
    await crash(bench, 'source')
    expectState(await outgoing.inspect(bench.call()), { run: 'gone' })
  }),

  check('inspect.target-gone', PHASED, 'a target whose process is gone is told to be gone', async (bench) => {
    await bench.stage.start('source', GUEST, 'running')
    const { incoming } = await prepare(await begin(bench))
    await crash(bench, 'target')
    expectState(await incoming.inspect(bench.call()), { run: 'gone', complete: false, mayHaveRun: false })
  }),
]

export function expectState(state: CopyState, wanted: Partial<CopyState>): void {
  for (const [name, value] of Object.entries(wanted)) {
    const found = state[name as keyof CopyState]
    ensure(
      found === value,
      `${name} is ${String(found)}, and should be ${String(value)} (${state.evidence.join('; ')})`,
    )
  }
}
