import { type Case, checkGuest } from '../case.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { abortableAfter, MIGRATES, PHASED, says } from '../needs.ts'
import { countsOn, isGone, standsStill } from '../watch.ts'
import { arrived, begin, handed, prepare } from '../way.ts'

const HOST = [...PHASED, says('fencing', 'host')]

export const claimCases: readonly Case[] = [
  checkGuest(
    'claim.grants',
    MIGRATES,
    'a claim with a higher epoch is granted, and tells that epoch',
    async (bench) => {
      for (const epoch of [1, 2, 7]) {
        const claim = await bench.source.claim(GUEST, epoch, bench.call())
        ensure(
          claim.domain === GUEST && claim.epoch === epoch,
          `claim(${epoch}) tells ${JSON.stringify(claim)}`,
        )
      }
    },
  ),

  checkGuest(
    'claim.stale',
    MIGRATES,
    'a claim with the epoch that the host holds, or a lower one, is VM_STALE',
    async (bench) => {
      await bench.source.claim(GUEST, 7, bench.call())
      for (const epoch of [7, 3]) {
        const going = bench.source.claim(GUEST, epoch, bench.call())
        await refusal(going, `a claim with epoch ${epoch} after 7`, 'VM_STALE')
      }
    },
  ),

  checkGuest(
    'claim.told',
    MIGRATES,
    'a claim that is refused tells the epoch that the host holds',
    async (bench) => {
      await bench.source.claim(GUEST, 7, bench.call())
      const { epoch } = await refusal(
        bench.source.claim(GUEST, 3, bench.call()),
        'a claim with epoch 3',
        'VM_STALE',
      )
      ensure(epoch === 7, `its epoch is ${epoch}, and the host holds 7`)
    },
  ),

  checkGuest(
    'claim.shared',
    [...MIGRATES, says('fencing', 'host', 'session')],
    'the epoch is the host’s: another connection finds it',
    async (bench) => {
      await bench.source.claim(GUEST, 7, bench.call())
      const other = await bench.connect('source')
      await refusal(
        other.claim(GUEST, 3, bench.call()),
        'the claim of another connection with epoch 3',
        'VM_STALE',
      )
    },
  ),

  checkGuest(
    'claim.fences-begin',
    HOST,
    'a begin of an old epoch takes no hold of the guest',
    async (bench) => {
      await (await bench.connect('source')).claim(GUEST, 2, bench.call())
      await refusal(begin(bench), 'begin with epoch 1 after a claim with 2', 'VM_STALE')
      const { length } = await bench.source.migrations(bench.call())
      ensure(length === 0, 'the host has filed it all the same')
    },
  ),

  checkGuest('claim.fences-prepare', HOST, 'a prepare of an old epoch makes nothing', async (bench) => {
    const begun = await begin(bench)
    await (await bench.connect('target')).claim(GUEST, 2, bench.call())
    await refusal(prepare(begun), 'prepare with epoch 1 after a claim with 2', 'VM_STALE')
    await isGone(bench, 'target', GUEST)
  }),

  checkGuest(
    'claim.fences-finish',
    HOST,
    'a finish of an old epoch does not run the guest',
    async (bench) => {
      const { incoming, effect } = await handed(bench)
      await (await bench.connect('target')).claim(GUEST, 2, bench.call())
      await refusal(incoming.finish(effect()), 'finish with epoch 1 after a claim with 2', 'VM_STALE')
      await standsStill(bench, 'target', GUEST)
    },
  ),

  checkGuest(
    'claim.fences-confirm',
    HOST,
    'a confirm of an old epoch does not end the source',
    async (bench) => {
      const { incoming, outgoing, effect } = await handed(bench)
      await incoming.finish(effect())
      await (await bench.connect('source')).claim(GUEST, 2, bench.call())
      await refusal(outgoing.confirm(effect()), 'confirm with epoch 1 after a claim with 2', 'VM_STALE')
      ensure((await bench.stage.look('source', GUEST)) !== null, 'the copy at the source was ended')
    },
  ),

  checkGuest(
    'claim.fences-abort',
    HOST,
    'an abort of an old epoch does not run the source again',
    async (bench) => {
      const { outgoing, effect } = await arrived(bench)
      await (await bench.connect('source')).claim(GUEST, 2, bench.call())
      await refusal(
        outgoing.abort('too late', effect()),
        'abort with epoch 1 after a claim with 2',
        'VM_STALE',
      )
      await standsStill(bench, 'source', GUEST)
    },
  ),

  checkGuest(
    'claim.newer',
    [...HOST, abortableAfter('perform')],
    'the holder of the new epoch goes on',
    async (bench) => {
      const { outgoing, incoming, effect } = await arrived(bench)
      await bench.source.claim(GUEST, 2, bench.call())
      await bench.target.claim(GUEST, 2, bench.call())
      await incoming.abort('taken over', effect({ epoch: 2 }))
      await outgoing.abort('taken over', effect({ epoch: 2 }))
      await countsOn(bench, 'source', GUEST)
    },
  ),

  checkGuest(
    'claim.ends-session',
    [...PHASED, says('fencing', 'session')],
    'a new claim ends the session of the former holder: its finish does not run the guest',
    async (bench) => {
      await bench.target.claim(GUEST, 1, bench.call())
      const { incoming, effect } = await handed(bench)
      await (await bench.connect('target')).claim(GUEST, 2, bench.call())
      const what = 'finish over a session that a claim has ended'
      await refusal(incoming.finish(effect()), what, 'VM_STALE', 'VM_CONNECTION')
      await standsStill(bench, 'target', GUEST)
    },
  ),
]
