import type { Offer } from '@vmferry/core/driver'
import { type Case, check, checkGuest } from '../case.ts'
import { crash } from '../crash.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST, NOBODY } from '../guest.ts'
import { abortableAfter, PHASED } from '../needs.ts'
import { checked, receiver, sender } from '../surveys.ts'
import { countsOn } from '../watch.ts'
import { abort, begin, effects, type Prepared, perform, prepare } from '../way.ts'

export const refusalCases: readonly Case[] = [
  check(
    'refusal.begin-unknown',
    PHASED,
    'begin of a domain that is not there is VM_NOT_FOUND',
    async (bench) => {
      const request = { ...bench.request(), transport: bench.capabilities.uriTransports[0] ?? '' }
      const going = sender(bench.source).begin(NOBODY, request, effects(bench).effect())
      await refusal(going, 'begin of a domain that is not there', 'VM_NOT_FOUND')
    },
  ),

  checkGuest(
    'refusal.begin-busy',
    PHASED,
    'begin of a domain that another migration holds is VM_BUSY',
    async (bench) => {
      const { offer, request } = await checked(bench)
      await sender(bench.source).begin(offer, request, effects(bench).effect())
      const going = sender(bench.source).begin(offer, request, effects(bench).effect())
      await refusal(going, 'a second begin under another id', 'VM_BUSY')
    },
  ),

  checkGuest(
    'refusal.begin-changed',
    PHASED,
    'a guest that is not what was offered is refused before it is copied: VM_PHASE_FAILED',
    async (bench) => {
      const { offer, request } = await checked(bench)
      const changed: Offer = { ...offer, runState: 'paused' }
      const begun: Prepared[] = []
      const moving = async (): Promise<void> => {
        const { id, effect } = effects(bench)
        const outgoing = await sender(bench.source).begin(changed, request, effect())
        const prepared = await prepare({ bench, id, request, outgoing, effect })
        begun.push(prepared)
        await perform(prepared)
      }
      await refusal(moving(), 'a guest that was offered paused, and runs', 'VM_PHASE_FAILED')
      for (const prepared of begun) await abort(prepared)
      await countsOn(bench, 'source', GUEST)
    },
  ),

  checkGuest(
    'refusal.prepare-taken',
    PHASED,
    'prepare of a name that was taken since the check is VM_EXISTS',
    async (bench) => {
      const begun = await begin(bench)
      await bench.stage.start('target', GUEST, 'running')
      await refusal(prepare(begun), 'prepare of a taken name', 'VM_EXISTS')
      await countsOn(bench, 'target', GUEST)
    },
  ),

  checkGuest(
    'refusal.prepare-clean',
    PHASED,
    'a prepare that is refused leaves nothing on file',
    async (bench) => {
      const begun = await begin(bench)
      await bench.stage.start('target', GUEST, 'running')
      await prepare(begun).catch(() => {})
      const { length } = await bench.target.migrations(bench.call())
      ensure(length === 0, `the target lists ${length} migrations`)
    },
  ),

  checkGuest(
    'refusal.prepare-twice',
    PHASED,
    'two migrations cannot prepare one name: VM_EXISTS',
    async (bench) => {
      const { outgoing, request, effect } = await begin(bench)
      const target = receiver(bench.target)
      await target.prepare(outgoing.offer, request, effect())
      const going = target.prepare(outgoing.offer, request, effects(bench).effect())
      await refusal(going, 'a second prepare of one name', 'VM_EXISTS', 'VM_BUSY')
    },
  ),

  checkGuest(
    'refusal.target-dies',
    PHASED,
    'perform to a target whose process is gone is VM_PHASE_FAILED',
    async (bench) => {
      const prepared = await prepare(await begin(bench))
      await crash(bench, 'target')
      await refusal(perform(prepared), 'perform to a target that is gone', 'VM_PHASE_FAILED')
    },
  ),

  checkGuest(
    'refusal.target-dies-abort',
    [...PHASED, abortableAfter('perform')],
    'a perform that failed can be aborted: the guest runs on',
    async (bench) => {
      const prepared = await prepare(await begin(bench))
      await crash(bench, 'target')
      await perform(prepared).catch(() => {})
      await abort(prepared)
      await countsOn(bench, 'source', GUEST)
    },
  ),

  checkGuest(
    'refusal.finish-incomplete',
    PHASED,
    'finish of a copy that is not complete is refused',
    async (bench) => {
      const { incoming, effect } = await prepare(await begin(bench))
      await refusal(incoming.finish(effect()), 'finish before perform')
    },
  ),
]
