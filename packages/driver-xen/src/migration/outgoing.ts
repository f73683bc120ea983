import { type CallOptions, type CopyState, isVmError, type Outgoing, vmError } from '@vmferry/core/driver'
import { deadMan, END_DEAD_MAN, keep, type MigrationFile, remove } from '@vmferry/fence'
import { back, cancel, gear, give, leave, pace } from '../fence/step.ts'
import { domainOfHalf, halfOf, lookAt } from '../guest/list.ts'
import type { HalfFolder } from '../guest/run-directory.ts'
import type { XenHost } from '../xen-host.ts'
import { copyGuest } from './copy.ts'
import { xlFailed } from './words.ts'

/** The source's half of a migration: fresh from begin, or found again on the host. All that it needs is on file there. */
export function openOutgoing(at: XenHost, folder: HalfFolder, file: MigrationFile): Outgoing {
  const { host, clock } = at
  const { offer, request } = file
  const uuid = offer.uuid ?? ''
  const fence = at.fences.of(offer.domain, folder.path)
  return {
    offer,
    async perform(ticket, dial, call) {
      await fence.act(
        [keep('outgoing.json', { ...file, phase: 'perform' }), gear(request.bandwidth, request.live)],
        call,
      )
      const life = { file: folder.deadMan, limit: at.deadManLimit, steps: [cancel(uuid)] }
      const controller = await deadMan(host, clock, fence, life, call)
      try {
        return await copyGuest(at, { fence, folder, file }, ticket, dial, call)
      } finally {
        controller.off()
      }
    },
    async handOver(call) {
      try {
        await fence.act(
          [...END_DEAD_MAN, keep('outgoing.json', { ...file, phase: 'hand-over' }), give(uuid)],
          call,
        )
      } catch (error) {
        throw await xlFailed(host, folder, `xl on ${host.name} does not hand the guest over`, error)
      }
    },
    async confirm(call) {
      await fence.act([...END_DEAD_MAN, leave(uuid), remove()], call)
    },
    async abort(_reason, call) {
      try {
        await fence.act([...END_DEAD_MAN, back(uuid, offer.domain), remove()], call)
      } catch (error) {
        if (!isVmError(error, 'VM_PHASE_FAILED')) throw error
        const sight = await lookAt(host, at.runDirectory, call)
        if (sight.domains.some((domain) => domain.uuid === uuid)) throw error
        // there is nothing to be brought back: the domain is let go
        await fence.act([remove()], call)
        throw vmError('VM_PHASE_FAILED', `the domain '${offer.domain}' on ${host.name} is gone`, {
          host: host.name,
          cause: error,
        })
      }
    },
    inspect: (call) => inspectSource(at, folder, call),
    async tune({ bandwidth, ...others }, call) {
      if (Object.keys(others).length > 0)
        throw vmError('VM_UNSUPPORTED', 'xl can only be given another bandwidth while it copies')
      if (bandwidth !== undefined) await fence.act([pace(bandwidth)], call)
    },
  }
}

/** What the host knows of the source's copy. */
async function inspectSource(
  { host, runDirectory }: XenHost,
  folder: HalfFolder,
  call: CallOptions,
): Promise<CopyState> {
  const sight = await lookAt(host, runDirectory, call)
  const half = halfOf(sight, 'source', folder.id, host.name)
  const domain = domainOfHalf(sight, half)
  if (!domain || domain.state === 'shut-down' || domain.state === 'crashed') {
    const evidence = [`xl on ${host.name} has no domain ${half.name} that could run`]
    return { run: 'gone', complete: false, mayHaveRun: true, revivable: false, evidence }
  }
  const evidence = [`xl on ${host.name} lists ${domain.name} (${domain.id}) as ${domain.state}`]
  const known = { complete: true, mayHaveRun: true, revivable: true, evidence }
  return { ...known, run: domain.state === 'running' ? 'running' : 'stopped' }
}
