import { deepStrictEqual } from 'node:assert/strict'
import { type Case, checkGuest } from '../case.ts'
import { ensure } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { throughJson } from '../json-copy.ts'
import { PHASED } from '../needs.ts'
import { copyOn, countsOn, standsStill } from '../watch.ts'
import { arrived, begin, confirmed, finish, finished, handed, loaded, prepare } from '../way.ts'

export const phaseCases: readonly Case[] = [
  checkGuest('phase.begin-undisturbed', PHASED, 'a guest runs on after begin', async (bench) => {
    await begin(bench)
    await countsOn(bench, 'source', GUEST)
  }),

  checkGuest('phase.offer-json', PHASED, 'the offer survives JSON unchanged', async (bench) => {
    const { outgoing } = await begin(bench)
    deepStrictEqual(throughJson(outgoing.offer), outgoing.offer)
  }),

  checkGuest(
    'phase.prepare-waits',
    PHASED,
    'after prepare the source runs and the target does not',
    async (bench) => {
      await prepare(await begin(bench))
      await standsStill(bench, 'target', GUEST)
      await countsOn(bench, 'source', GUEST)
    },
  ),

  checkGuest('phase.ticket-json', PHASED, 'the ticket survives JSON unchanged', async (bench) => {
    const { incoming } = await prepare(await begin(bench))
    deepStrictEqual(throughJson(incoming.ticket), incoming.ticket)
  }),

  checkGuest(
    'phase.ticket-transport',
    PHASED,
    'the ticket has the transport that was chosen',
    async (bench) => {
      const { incoming, request } = await prepare(await begin(bench))
      const { transport } = incoming.ticket
      ensure(transport === request.transport, `it has '${transport}', chosen was '${request.transport}'`)
    },
  ),

  checkGuest(
    'phase.perform-stops',
    PHASED,
    'after perform the source stands still, and is still there',
    async (bench) => {
      await arrived(bench)
      await standsStill(bench, 'source', GUEST)
      await copyOn(bench, 'source', GUEST)
    },
  ),

  checkGuest('phase.perform-waits', PHASED, 'after perform the target does not run yet', async (bench) => {
    await arrived(bench)
    await standsStill(bench, 'target', GUEST)
  }),

  checkGuest(
    'phase.figures',
    PHASED,
    'it is told how much was sent, in how many rounds: by perform, or by confirm where that knows more',
    async (bench) => {
      const { outgoing, performed, effect } = await finished(bench)
      const { rounds, bytes } = (await outgoing.confirm(effect())) ?? performed
      const { guestBytes } = bench.stage
      ensure(Number.isSafeInteger(rounds) && rounds >= 1, `${rounds} rounds`)
      ensure(bytes >= guestBytes, `${bytes} bytes sent, and no copy can do without ${guestBytes}`)
    },
  ),

  checkGuest('phase.ready-waits', PHASED, 'after ready the target does not run yet', async (bench) => {
    await loaded(bench)
    await standsStill(bench, 'target', GUEST)
  }),

  checkGuest(
    'phase.hand-over-waits',
    PHASED,
    'after hand over the target does not run yet',
    async (bench) => {
      await handed(bench)
      await standsStill(bench, 'target', GUEST)
    },
  ),

  checkGuest(
    'phase.hand-over-stops',
    PHASED,
    'after hand over the source stands still, and is still there',
    async (bench) => {
      await handed(bench)
      await standsStill(bench, 'source', GUEST)
      await copyOn(bench, 'source', GUEST)
    },
  ),

  checkGuest(
    'phase.finish-runs',
    PHASED,
    'after finish the target runs, and the source does not',
    async (bench) => {
      await finished(bench)
      await standsStill(bench, 'source', GUEST)
      await countsOn(bench, 'target', GUEST)
    },
  ),

  checkGuest(
    'phase.finish-twice',
    PHASED,
    'finish may be called again, and the guest runs on',
    async (bench) => {
      const way = await finished(bench)
      await finish(way)
      await countsOn(bench, 'target', GUEST)
    },
  ),

  checkGuest('phase.confirm-twice', PHASED, 'confirm may be called again', async (bench) => {
    const { outgoing, effect } = await confirmed(bench)
    await outgoing.confirm(effect())
  }),
]
