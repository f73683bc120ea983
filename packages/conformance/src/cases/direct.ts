import { sleep } from '@vmferry/core/driver'
import type { Bench } from '../bench.ts'
import { type Case, check, checkGuest } from '../case.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { directOf, moved } from '../moved.ts'
import { DIRECT, some } from '../needs.ts'
import { transportOf } from '../surveys.ts'
import { countsOn, leavesOnly } from '../watch.ts'
import { effects } from '../way.ts'
import { expectState } from './inspect.ts'

export const directCases: readonly Case[] = [
  check(
    'direct.check',
    DIRECT,
    'nothing stands in the way between two good hosts, and a check leaves no trace',
    async (bench) => {
      const { stage } = bench
      await stage.start('source', GUEST, 'running')
      const [source, target] = [await stage.traces('source'), await stage.traces('target')]
      const { findings } = await directOf(bench).check(GUEST, bench.request(), bench.call())
      const blockers = findings.filter(({ severity }) => severity === 'blocker').map(({ message }) => message)
      ensure(blockers.length === 0, blockers.join('; '))
      await leavesOnly(bench, 'source', source)
      await leavesOnly(bench, 'target', target)
    },
  ),

  checkGuest(
    'direct.transports',
    [...DIRECT, some('uriTransports')],
    'each transport that is offered is one of the manifest',
    async (bench) => {
      const { transports } = await directOf(bench).check(GUEST, bench.request(), bench.call())
      for (const { name } of transports)
        ensure(bench.capabilities.uriTransports.includes(name), `'${name}' is offered and not declared`)
    },
  ),

  check('direct.unknown', DIRECT, 'a domain that is not there is VM_NOT_FOUND', async (bench) => {
    const going = directOf(bench).check(GUEST, bench.request(), bench.call())
    await refusal(going, 'check of a domain that is not there', 'VM_NOT_FOUND')
  }),

  checkGuest(
    'direct.taken',
    DIRECT,
    'a name that is taken at the target is refused, and both guests run on',
    async (bench) => {
      await bench.stage.start('target', GUEST, 'running')
      await refusal(moved(bench), 'a move to a taken name', 'VM_EXISTS')
      await countsOn(bench, 'source', GUEST)
      await countsOn(bench, 'target', GUEST)
    },
  ),

  checkGuest(
    'direct.inspect',
    DIRECT,
    'after the move inspect says: target running, source gone',
    async (bench) => {
      const { id, call } = await started(bench)
      await call
      const { source, target } = await directOf(bench).inspect(id, bench.call())
      expectState(source, { run: 'gone' })
      expectState(target, { run: 'running' })
    },
  ),

  checkGuest(
    'direct.signal',
    DIRECT,
    'a migrate whose signal has fired does nothing: VM_ABORTED',
    async (bench) => {
      const { call } = await started(bench, AbortSignal.abort())
      await refusal(call, 'migrate with a signal that has fired', 'VM_ABORTED')
      await countsOn(bench, 'source', GUEST)
    },
  ),

  check(
    'direct.cancel',
    DIRECT,
    'after a cancel the guest runs on one side, and inspect knows on which',
    async (bench) => {
      const direct = directOf(bench)
      if (!direct.cancel) return 'the driver has no cancel'
      await bench.stage.start('source', GUEST, 'running')
      const { id, effect, call } = await started(bench)
      await Promise.race([call.catch(() => {}), sleep(bench.clock, 50)])
      await direct.cancel(id, effect()).catch(() => {})
      await call.catch(() => {})
      const { source, target } = await direct.inspect(id, bench.call())
      const runs = source.run === 'running' ? 'source' : 'target'
      expectState(runs === 'source' ? target : source, { run: 'gone' })
      await countsOn(bench, runs, GUEST)
      return undefined
    },
  ),
]

/** The one call, under way. */
async function started(bench: Bench, signal?: AbortSignal) {
  const direct = directOf(bench)
  const { id, effect } = effects(bench)
  const request = bench.request()
  const survey = await direct.check(GUEST, request, bench.call())
  const transport = transportOf(request, survey, survey)
  const call = direct.migrate(GUEST, { ...request, transport }, effect(signal ? { signal } : {}))
  call.catch(() => {})
  return { id, effect, call }
}
