import {
  type CopyState,
  type EffectOptions,
  type Outgoing,
  sleep,
  type Tuning,
  unlessAborted,
  vmError,
} from '@vmferry/core/driver'
import {
  type DeadMan,
  drop,
  END_DEAD_MAN,
  end,
  type Fence,
  keep,
  type MigrationFile,
  remove,
  STOP_DEAD_MAN,
  type Step,
} from '@vmferry/fence'
import { tell } from '../fence/step.ts'
import { type Guest, refuseBridgeless } from '../guest/list.ts'
import { logTail } from '../guest/process.ts'
import { guestState } from '../guest/state.ts'
import type { QemuHost } from '../qemu-host.ts'
import { disksIn } from '../storage/disks.ts'
import { endMirrors, mirrors, type StorageCopy } from '../storage/mirror.ts'
import { dataPath, withWordsOf } from '../transport/data-path.ts'
import { END_TUNNEL, STOP_TUNNEL } from '../transport/tunnel.ts'
import type { Begun } from './begun.ts'
import { type Copied, cancelCopy, copyGuest, tunedLimits } from './copy.ts'
import { whileDisksWork } from './disk-error.ts'
import { drained, sentAgain } from './drain.ts'
import { type Ending, watchEnding } from './ending.ts'
import { knownIn, putBack } from './found.ts'
import { hasBegun, hasGoneOver, postCopyTurn } from './post-copy.ts'
import { clientsFollow, clientsGone } from './spice.ts'

/** Seconds that a QEMU may take to end before it is killed. */
const END_LIMIT = 5

/** The source's half of a migration: fresh from begin, or found again on the host. */
export function openOutgoing(
  at: QemuHost,
  guest: Guest,
  filed: MigrationFile,
  begun: Begun | null,
): Outgoing {
  const { host, clock } = at
  const { folder, process } = guest
  const { offer, request } = filed
  const fence = begun?.fence ?? at.fences.of(guest.definition.name, folder.path)
  const monitor = begun?.monitor ?? null

  /** What was changed while the way to the target was still being made. */
  let tuned: Pick<Tuning, 'bandwidth' | 'maxDowntime' | 'postCopy'> = {}
  const limit = (): number => Math.round(tuned.bandwidth ?? request.bandwidth)

  /** With how QEMU was set, once that is known: nothing is set before. */
  let file = filed
  let storage: StorageCopy | null = null
  let figures: Copied['figures'] = null
  let ending: Ending | null = null

  /** Sends the clients of SPICE after the guest; empty: there are none. */
  let follow: readonly Step[] = []

  const isGone = async (call: { readonly signal: AbortSignal }): Promise<boolean> =>
    !process || (await host.probe(process, call)) === 'gone'

  const off = async (): Promise<DeadMan | null> => {
    const man = (await begun?.deadMan.catch(() => null)) ?? null
    man?.off()
    return man
  }

  /** What was had at hand. */
  const letGo = async (): Promise<void> => {
    await Promise.all([monitor?.close(), fence.leave()])
  }

  /** Back to how begin found it; a failed or cancelled migration has resumed a live guest already. */
  const revive = async (call: EffectOptions): Promise<void> => {
    await cancelCopy(fence, clock, disksIn(offer), call)
    await endMirrors(fence, clock, disksIn(offer), call)
    const [{ running }] = await fence.ask([tell('query-status')], call)
    if (offer.runState === 'running' && !running) await fence.act([tell('cont')], call)
  }

  return {
    offer,
    async perform(ticket, dial, call) {
      if (!begun) throw vmError('VM_INVALID', 'a migration that was found again cannot be performed')
      const sent = ticket.cookie?.['disks']
      const disks = disksIn(offer).filter(({ id }) => Array.isArray(sent) && sent.includes(id))
      try {
        file = { ...filed, phase: 'perform', found: await unlessAborted(begun.found, call.signal) }
        const way = await dataPath({ at, fence, folder, file, ahead: begun.ahead }, ticket, dial, call)
        const { to, before } = way
        follow = await clientsFollow(fence, ticket, call)
        ending = watchEnding(begun.monitor)
        storage = mirrors(fence, begun.monitor, { host: host.name, clock, disks, to: way.disks, limit })
        const order = {
          host: host.name,
          clock,
          to,
          known: knownIn(file.found),
          record: keep('outgoing.json', file),
          before,
          follow,
          request,
          storage,
          memoryBytes: offer.memoryBytes,
          bandwidth: limit,
          tunedDowntime: () => tuned.maxDowntime ?? null,
          ending,
          turn: postCopyTurn(request, offer, () => tuned.postCopy === true),
        }
        try {
          await begun.deadMan
          const copied = await whileDisksWork(begun.monitor, order, call, (until) =>
            copyGuest(fence, begun.monitor, order, until),
          )
          figures = copied.figures
          return copied.performed
        } catch (error) {
          throw await withWordsOf(way, ticket.transport, host.name, error)
        } finally {
          await way.end()
        }
      } catch (error) {
        // of a copy that is complete the switch does nothing: nobody tells it so while the guest stands still
        await off()
        throw error
      }
    },
    async handOver(call) {
      if (ending?.isCopied()) return
      let [{ status }, copied] = await guestState(monitor, fence, call)
      if (hasGoneOver(copied)) return
      // the migration may be called completed a moment before the run state follows (seen on QEMU 7.2)
      for (let tries = 0; status === 'finish-migrate' && tries < 500; tries += 1) {
        await sleep(clock, 2, call.signal)
        ;[{ status }, copied] = await guestState(monitor, fence, call)
      }
      if (status === 'postmigrate') return
      const message = `the guest on ${host.name} should be stopped after the copy, but is ${status}`
      const remedy = 'somebody else gave this QEMU a command: find out who'
      throw vmError('VM_PHASE_FAILED', message, { host: host.name, remedy })
    },
    async drain(call, again) {
      if (again) await sentAgain({ at, fence, folder, file }, again, call)
      await drained({ at, fence, folder, file }, monitor, call)
    },
    async confirm(call) {
      void off()
      if (follow.length > 0) await clientsGone(fence, clock, call).catch(() => {})
      const last = await figures?.()
      // the folder goes, and with it the files that name them
      await fence.act([end('process', END_LIMIT), STOP_DEAD_MAN, STOP_TUNNEL, remove()], call)
      await letGo()
      if (last) return last
    },
    async abort(_reason, call) {
      const man = await off()
      // one that was armed a moment ago has yet to file who it is
      if (man) await unlessAborted(man.ended, call.signal)
      // what was started with begin comes to its end first; nothing goes through a tunnel before perform
      if (begun?.ahead && file === filed) await fence.act([STOP_TUNNEL], call)
      await unlessAborted(Promise.allSettled([begun?.found, begun?.ahead?.up]), call.signal)
      const gone = await isGone(call)
      if (!gone) {
        if (!monitor) refuseBridgeless(guest, at)
        await revive(call)
        await fence.act(putBack(file.found), call)
      }
      await fence.act([...END_DEAD_MAN, ...END_TUNNEL, drop('outgoing.json')], call)
      await letGo()
      if (gone)
        throw vmError('VM_PHASE_FAILED', `the QEMU of '${offer.domain}' on ${host.name} is gone`, {
          host: host.name,
          causes: [{ host: host.name, words: await logTail(host, folder.log, guest.definition.argv) }],
        })
    },
    inspect: (call) => inspectSource(at, fence, guest, call),
    async tune(change, call) {
      if (change.postCopy && !request.postCopy)
        throw vmError('VM_UNSUPPORTED', 'QEMU goes over to post-copy only if that was asked for at the start')
      const disks = storage?.disks.length ? storage : null
      const parameters = tunedLimits(change, disks !== null)
      tuned = { ...tuned, ...change }
      const ofDisks = change.bandwidth === undefined ? [] : (disks?.limited(limit()) ?? [])
      const steps = [
        tell('migrate-set-parameters', parameters),
        ...ofDisks,
        ...(change.suspend ? [tell('stop')] : []),
      ]
      await fence.act(steps, call)
    },
  }
}

/** What the host knows of the source's copy. */
async function inspectSource(
  at: QemuHost,
  fence: Fence,
  guest: Guest,
  call: { signal: AbortSignal },
): Promise<CopyState> {
  const { host } = at
  const { process } = guest
  const pid = process?.pid
  const gone: CopyState = {
    run: 'gone',
    complete: false,
    mayHaveRun: true,
    revivable: false,
    evidence: [`process ${pid} on ${host.name} is gone`],
  }
  if (!process || (await host.probe(process, call)) === 'gone') return gone
  refuseBridgeless(guest, at)
  const [{ status, running }, copied] = await guestState(null, fence, call)
  const begun = hasBegun(copied)
  const evidence = [
    `QEMU (pid ${pid}) on ${host.name} says ${status}${begun ? `, its copy ${copied.status} in post-copy` : ''}`,
  ]
  const known = { complete: true, mayHaveRun: true, revivable: !begun, evidence }
  return { ...known, run: running ? 'running' : 'stopped' }
}
