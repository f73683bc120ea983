import type { CopyState } from '@vmferry/core/driver'
import { type Case, checkGuest } from '../case.ts'
import { crash } from '../crash.ts'
import { ensure } from '../ensure.ts'
import { abortableAfter, PHASED } from '../needs.ts'
import { arrived, begin, finished, loaded, prepare } from '../way.ts'

export const inspectCases: readonly Case[] = [
  checkGuest('inspect.evidence', PHASED, 'inspect tells its facts in words', async (bench) => {
    const { outgoing, incoming } = await prepare(await begin(bench))
    for (const half of [outgoing, incoming]) {
      const { evidence } = await half.inspect(bench.call())
      ensure(evidence.length > 0 && evidence.every((line) => line.trim() !== ''), 'it has no evidence')
    }
  }),

  checkGuest(
    'inspect.source-running',
    PHASED,
    'after begin the source’s copy is running and complete',
    async (bench) => {
      const { outgoing } = await begin(bench)
      expectState(await outgoing.inspect(bench.call()), { run: 'running', complete: true })
    },
  ),

  checkGuest(
    'inspect.target-waiting',
    PHASED,
    'after prepare the target’s copy is stopped and not complete',
    async (bench) => {
      const { incoming } = await prepare(await begin(bench))
      const state = await incoming.inspect(bench.call())
      expectState(state, { run: 'stopped', complete: false, mayHaveRun: false, revivable: false })
    },
  ),

  checkGuest(
    'inspect.source-stopped',
    PHASED,
    'after perform the source’s copy is stopped and complete',
    async (bench) => {
      const { outgoing } = await arrived(bench)
      expectState(await outgoing.inspect(bench.call()), { run: 'stopped', complete: true })
    },
  ),

  checkGuest(
    'inspect.source-revivable',
    [...PHASED, abortableAfter('perform')],
    'after perform the source’s copy can be run again',
    async (bench) => {
      const { outgoing } = await arrived(bench)
      expectState(await outgoing.inspect(bench.call()), { revivable: true })
    },
  ),

  checkGuest(
    'inspect.target-complete',
    PHASED,
    'after ready the target’s copy is complete and has not run',
    async (bench) => {
      const { incoming } = await loaded(bench)
      const state = await incoming.inspect(bench.call())
      expectState(state, { run: 'stopped', complete: true, mayHaveRun: false, revivable: true })
    },
  ),

  checkGuest('inspect.target-running', PHASED, 'after finish the target’s copy is running', async (bench) => {
    const { incoming } = await finished(bench)
    expectState(await incoming.inspect(bench.call()), { run: 'running', complete: true })
  }),

  checkGuest(
    'inspect.target-mark',
    PHASED,
    'after finish the target’s copy may have run, whatever it does now',
    async (bench) => {
      const { incoming } = await finished(bench)
      expectState(await incoming.inspect(bench.call()), { mayHaveRun: true })
      await crash(bench, 'target')
      expectState(await incoming.inspect(bench.call()), { mayHaveRun: true })
    },
  ),

  checkGuest(
    'inspect.source-gone',
    PHASED,
    'a source whose process is gone is told to be gone',
    async (bench) => {
      const { outgoing } = await begin(bench)
      await crash(bench, 'source')
      expectState(await outgoing.inspect(bench.call()), { run: 'gone' })
    },
  ),

  checkGuest(
    'inspect.target-gone',
    PHASED,
    'a target whose process is gone is told to be gone',
    async (bench) => {
      const { incoming } = await prepare(await begin(bench))
      await crash(bench, 'target')
      expectState(await incoming.inspect(bench.call()), { run: 'gone', complete: false, mayHaveRun: false })
    },
  ),
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
