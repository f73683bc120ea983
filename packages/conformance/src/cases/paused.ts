import { type Case, check, checkGuest } from '../case.ts'
import { ensure } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { moved } from '../moved.ts'
import { able, feature, MIGRATES, PHASED } from '../needs.ts'
import { copyOn, standsStill } from '../watch.ts'
import { abort, begin, prepare } from '../way.ts'

const PAUSES = [...MIGRATES, able('pausedGuests')]

export const pausedCases: readonly Case[] = [
  check('paused.stays', PAUSES, 'a paused guest arrives paused', async (bench) => {
    await bench.stage.start('source', GUEST, 'paused')
    await moved(bench)
    await standsStill(bench, 'target', GUEST)
    await copyOn(bench, 'target', GUEST)
  }),

  check('paused.told', PAUSES, 'a guest that arrived paused is told to be paused', async (bench) => {
    await bench.stage.start('source', GUEST, 'paused')
    await moved(bench)
    const { state } = await bench.target.domain(GUEST, bench.call())
    ensure(state === 'paused', `its state is '${state}'`)
  }),

  check(
    'paused.abort',
    [...PHASED, able('pausedGuests')],
    'a paused guest is paused after an abort',
    async (bench) => {
      await bench.stage.start('source', GUEST, 'paused')
      await abort(await prepare(await begin(bench)))
      await standsStill(bench, 'source', GUEST)
      const { state } = await bench.source.domain(GUEST, bench.call())
      ensure(state === 'paused', `its state is '${state}'`)
    },
  ),

  checkGuest(
    'paused.start-paused',
    [...MIGRATES, feature('startPaused')],
    'a running guest that is to be left paused does not run at the target',
    async (bench) => {
      await moved(bench, { paused: true })
      await standsStill(bench, 'target', GUEST)
      await copyOn(bench, 'target', GUEST)
    },
  ),
]
