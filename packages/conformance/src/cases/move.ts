import { type DriverDomain, sleep } from '@vmferry/core/driver'
import { type Bench } from '../bench.ts'
import { type Case, check, checkGuest } from '../case.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { moved } from '../moved.ts'
import { MIGRATES } from '../needs.ts'
import { copyOn, countsOn, isGone, leavesOnly } from '../watch.ts'

export const moveCases: readonly Case[] = [
  checkGuest('move.counts-on', MIGRATES, 'a guest counts on where it stopped', async (bench) => {
    await sleep(bench.clock, 1000)
    const { counter } = await copyOn(bench, 'source', GUEST)
    await moved(bench)
    const after = await copyOn(bench, 'target', GUEST)
    ensure(after.counter >= counter, `it counted ${counter} before, and ${after.counter} after`)
    await countsOn(bench, 'target', GUEST)
  }),

  checkGuest('move.intact', MIGRATES, 'a guest finds its memory as it was', async (bench) => {
    await moved(bench)
    const { intact } = await copyOn(bench, 'target', GUEST)
    ensure(intact, 'its memory is not what it wrote')
  }),

  checkGuest('move.gone', MIGRATES, 'a guest that has moved is gone from the source', async (bench) => {
    await moved(bench)
    await isGone(bench, 'source', GUEST)
  }),

  checkGuest('move.unlisted', MIGRATES, 'the source does not know a guest that has moved', async (bench) => {
    await moved(bench)
    await refusal(
      bench.source.domain(GUEST, bench.call()),
      `domain('${GUEST}') at the source`,
      'VM_NOT_FOUND',
    )
  }),

  check('move.listed', MIGRATES, 'the target has it, running, with its uuid', async (bench) => {
    const { before, after } = await domainsOf(bench)
    ensure(after.state === 'running', `its state at the target is '${after.state}'`)
    ensure(after.uuid === before.uuid, `its uuid was ${before.uuid}, and is ${after.uuid}`)
  }),

  check(
    'move.no-leftovers',
    MIGRATES,
    'there and back again, nothing is left on the host in between',
    async (bench) => {
      const before = await bench.stage.traces('target')
      await bench.stage.start('source', GUEST, 'running')
      await moved(bench)
      await moved(turned(bench))
      await leavesOnly(bench, 'target', before)
    },
  ),

  check(
    'move.source-clean',
    MIGRATES,
    'a guest that has moved leaves nothing at the source',
    async (bench) => {
      const before = await bench.stage.traces('source')
      await bench.stage.start('source', GUEST, 'running')
      await moved(bench)
      await leavesOnly(bench, 'source', before)
    },
  ),

  checkGuest(
    'move.neighbour',
    MIGRATES,
    'a guest beside it is not disturbed, at either end',
    async (bench) => {
      await bench.stage.start('source', 'db1', 'running')
      await bench.stage.start('target', 'db2', 'running')
      await moved(bench)
      await countsOn(bench, 'source', 'db1')
      await countsOn(bench, 'target', 'db2')
    },
  ),
]

async function domainsOf(
  bench: Bench,
): Promise<{ readonly before: DriverDomain; readonly after: DriverDomain }> {
  await bench.stage.start('source', GUEST, 'running')
  const before = await bench.source.domain(GUEST, bench.call())
  await moved(bench)
  return { before, after: await bench.target.domain(GUEST, bench.call()) }
}

/** The same hosts the other way round. */
function turned(bench: Bench): Bench {
  const { source, target } = bench
  return {
    ...bench,
    source: target,
    target: source,
    request: (wish) => {
      const request = bench.request(wish)
      return { ...request, source: request.target, target: request.source }
    },
  }
}
