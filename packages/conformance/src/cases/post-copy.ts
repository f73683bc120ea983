import { type EffectOptions, isVmError, vmError } from '@vmferry/core/driver'
import type { Bench } from '../bench.ts'
import { type Case, checkGuest } from '../case.ts'
import { type Copying, copying } from '../copying.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST, slowly } from '../guest.ts'
import { able, PHASED } from '../needs.ts'
import { countsOn, standsStill } from '../watch.ts'
import { type Arrived, abort, confirm, finish, handOver, ready } from '../way.ts'
import { expectState } from './inspect.ts'

const ABLE = [...PHASED, able('live'), able('resource'), able('postCopy')]

export const postCopyCases: readonly Case[] = [
  checkGuest(
    'postcopy.permitted',
    ABLE,
    'a copy that may not go over to post-copy leaves the guest where it runs',
    async (bench) => {
      const denied = vmError('VM_ABORTED', 'it cannot be put on file')
      const copy = await told(bench, { permit: () => Promise.reject(denied) })
      if (typeof copy === 'string') return copy
      await refusal(copy.going, 'a perform that may not go over')
      await countsOn(bench, 'source', GUEST)
      await abort(copy)
      await countsOn(bench, 'source', GUEST)
      return undefined
    },
  ),

  checkGuest(
    'postcopy.no-way-back',
    ABLE,
    'once post-copy has begun the source is stopped, and cannot be brought back',
    async (bench) => {
      const way = await turned(bench)
      if (typeof way === 'string') return way
      const { outgoing, effect } = way
      expectState(await outgoing.inspect(bench.call()), { run: 'stopped', revivable: false })
      await refusal(
        outgoing.abort('the kit asks for it', effect()),
        'an abort in post-copy',
        'VM_PHASE_FAILED',
      )
      await standsStill(bench, 'source', GUEST)
      return undefined
    },
  ),

  checkGuest(
    'postcopy.drained',
    ABLE,
    'the guest runs at the target before its memory is there, and has all of it after drain',
    async (bench) => {
      const way = await turned(bench)
      if (typeof way === 'string') return way
      const { incoming, outgoing, effect } = await finish(await handOver(await ready(way)))
      await countsOn(bench, 'target', GUEST)
      ensure(outgoing.drain !== undefined, 'the driver has no drain')
      await outgoing.drain(effect())
      expectState(await incoming.inspect(bench.call()), { complete: true })
      await confirm(way)
      const { intact } = await countsOn(bench, 'target', GUEST)
      ensure(intact, 'its memory is not what it wrote')
      return undefined
    },
  ),
]

/** A slow copy that was told to go over. A string: why there is none. */
async function told(bench: Bench, options: Partial<EffectOptions> = {}): Promise<Copying | string> {
  try {
    const copy = await copying(bench, { live: true, postCopy: true, ...slowly(bench) }, options)
    if (typeof copy !== 'string') await copy.tune({ postCopy: true }, copy.effect())
    return copy
  } catch (error) {
    // what the hypervisor can do, its host may forbid
    if (isVmError(error, 'VM_UNSUPPORTED')) return error.message
    throw error
  }
}

/** One that has gone over, with the word for it asked before. */
async function turned(bench: Bench): Promise<Arrived | string> {
  let asked = 0
  const permit = async (): Promise<void> => {
    asked += 1
  }
  const copy = await told(bench, { permit })
  if (typeof copy === 'string') return copy
  const performed = await copy.going
  ensure(performed.postCopy === true, 'perform does not say that post-copy is active')
  ensure(asked === 1, `the permit was asked for ${asked} times`)
  return { ...copy, performed }
}
