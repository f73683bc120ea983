import type { Phase } from '@vmferry/core/driver'
import type { Bench } from '../bench.ts'
import { type Case, check, checkGuest } from '../case.ts'
import { crash } from '../crash.ts'
import { ensure } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { moved } from '../moved.ts'
import { PHASED, wayBackAfter } from '../needs.ts'
import { countsOn, isGone, leavesOnly, standsStill } from '../watch.ts'
import { abort, arrived, type Begun, begin, handed, loaded, type Prepared, prepare } from '../way.ts'

/** The ways to each phase after which there is a way back. */
const STOPS: Readonly<Record<string, (bench: Bench) => Promise<Begun | Prepared>>> = {
  begin: (bench) => begin(bench),
  prepare: async (bench) => prepare(await begin(bench)),
  perform: (bench) => arrived(bench),
  ready: (bench) => loaded(bench),
  'hand-over': (bench) => handed(bench),
}

export const abortCases: readonly Case[] = [
  ...Object.entries(STOPS).map(([phase, reach]) =>
    checkGuest(
      `abort.after-${phase}`,
      wayBackAfter(phase as Phase),
      `an abort after ${phase} leaves the guest running at the source`,
      async (bench) => {
        await abort(await reach(bench))
        const { intact } = await countsOn(bench, 'source', GUEST)
        ensure(intact, 'its memory is not what it wrote')
      },
    ),
  ),

  checkGuest('abort.target-gone', PHASED, 'an abort of the target leaves no copy there', async (bench) => {
    const { incoming, effect } = await prepare(await begin(bench))
    await incoming.abort('the kit asks for it', effect())
    await isGone(bench, 'target', GUEST)
  }),

  checkGuest('abort.target-stays-down', PHASED, 'an abort of the target runs nothing', async (bench) => {
    const { incoming, effect } = await arrived(bench)
    await incoming.abort('the kit asks for it', effect())
    await standsStill(bench, 'target', GUEST)
  }),

  checkGuest('abort.twice', PHASED, 'an abort may be called again, on either side', async (bench) => {
    const way = await prepare(await begin(bench))
    await abort(way)
    await abort(way)
  }),

  check('abort.no-leftovers', PHASED, 'an abort leaves nothing on either host', async (bench) => {
    const { stage } = bench
    await stage.start('source', GUEST, 'running')
    const [source, target] = [await stage.traces('source'), await stage.traces('target')]
    await abort(await prepare(await begin(bench)))
    await leavesOnly(bench, 'source', source)
    await leavesOnly(bench, 'target', target)
  }),

  checkGuest('abort.only-its-own', PHASED, 'an abort ends no guest but its own', async (bench) => {
    await bench.stage.start('target', 'db1', 'running')
    await abort(await prepare(await begin(bench)))
    await countsOn(bench, 'target', 'db1')
  }),

  checkGuest('abort.again', PHASED, 'a guest can be moved after an abort', async (bench) => {
    await abort(await prepare(await begin(bench)))
    await moved(bench)
    await countsOn(bench, 'target', GUEST)
  }),

  checkGuest(
    'abort.target-crashed',
    PHASED,
    'a target whose process is gone can be aborted all the same',
    async (bench) => {
      const { incoming, effect } = await prepare(await begin(bench))
      await crash(bench, 'target')
      await incoming.abort('its process is gone', effect())
      const left = await bench.target.migrations(bench.call())
      ensure(left.length === 0, 'the target still has it on file')
    },
  ),
]
