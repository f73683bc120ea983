import { createHash } from 'node:crypto'
import {
  type ChosenRequest,
  type EffectOptions,
  type Incoming,
  isVmError,
  type MigrationTarget,
  type Offer,
  type Ticket,
  type VmError,
  vmError,
} from '@vmferry/core/driver'
import { arrive, type Fence, hostRecord, type MigrationFile, remove } from '@vmferry/fence'
import { targetFacts } from './facts/target.ts'
import { expectCopy, voided } from './fence/step.ts'
import { halfOf, lookAt } from './guest/list.ts'
import { type HalfFolder, halfFolder } from './guest/run-directory.ts'
import { openIncoming } from './migration/incoming.ts'
import { xlFailed } from './migration/words.ts'
import { RECEIVE } from './stream/receive.ts'
import { targetTransports } from './transport/choose.ts'
import { listenTcp } from './transport/tcp.ts'
import type { XenHost } from './xen-host.ts'

/** Milliseconds in which the target's xl must say that it is there. */
const BANNER_LIMIT = 25_000

export function xenTarget(at: XenHost): MigrationTarget {
  const { host, runDirectory } = at
  return {
    async check(offer, request, call) {
      const [ways, facts] = await Promise.all([
        targetTransports(host, request, call),
        targetFacts(at, offer, request, call),
      ])
      const findings = [...facts.findings, ...ways.findings]
      const digest = createHash('sha256').update(JSON.stringify(findings)).digest('hex')
      return { findings, transports: ways.transports, digest, epoch: facts.epoch }
    },
    async prepare(offer, request, call) {
      const folder = halfFolder(runDirectory, call.migration)
      const fence = at.fences.of(request.rename ?? offer.domain, folder.path)
      try {
        return await prepared(at, { fence, folder, offer, request }, call)
      } catch (error) {
        await fence.act([voided(offer.uuid ?? ''), remove()], {
          ...call,
          signal: AbortSignal.timeout(30_000),
        })
        if (call.signal.aborted || !isVmError(error) || TELLING.has(error.code)) throw error
        throw asFailure(error, host.name)
      }
    },
    async recall(id, call) {
      const { folder, file, name } = halfOf(await lookAt(host, runDirectory, call), 'target', id, host.name)
      const ticket: Ticket = { transport: 'ssh', endpoints: { ram: folder.path } }
      const { ticket: _ticket, dial: _dial, ...half } = openIncoming(at, { folder, file, name, ticket }, null)
      return { ...half, record: hostRecord('target', name, file) }
    },
  }
}

/** What a prepare may say, and what leaves its effect unknown; all else is told as the failure of a phase. */
const TELLING: ReadonlySet<string> = new Set(['VM_CONNECTION', 'VM_PHASE_FAILED', 'VM_EXISTS', 'VM_STALE'])

function asFailure({ message, causes, remedy, ...cause }: VmError, host: string): VmError {
  return vmError('VM_PHASE_FAILED', message, { host, causes, cause, ...(remedy && { remedy }) })
}

/** What is to arrive, and where. */
interface Coming {
  readonly fence: Fence
  readonly folder: HalfFolder
  readonly offer: Offer
  readonly request: ChosenRequest
}

/** Records first, then the xl that waits for its copy. */
async function prepared(
  at: XenHost,
  { fence, folder, offer, request }: Coming,
  call: EffectOptions,
): Promise<Incoming> {
  const { host } = at
  const { migration, epoch } = call
  const name = request.rename ?? offer.domain
  const file: MigrationFile = { migration, epoch, phase: 'prepare', request, offer }
  await fence.act([arrive(file, { name, uuid: offer.uuid }), expectCopy(offer.uuid ?? '', name)], call)
  const option = request.paused ? '-p' : ''
  try {
    await host.detach(fence.launch(folder.receiver, ['sh', '-c', RECEIVE, 'sh', folder.path, option], call), {
      ...call,
      log: folder.xlLog,
      until: folder.banner,
      timeout: BANNER_LIMIT,
    })
  } catch (error) {
    // was it the fence that kept it out?
    await fence.act([], call)
    throw await xlFailed(host, folder, `xl migrate-receive on ${host.name} could not be started`, error)
  }
  const ticket: Ticket =
    request.transport === 'tcp'
      ? await listenTcp(at, { fence, folder }, request.uri?.port ?? null, call)
      : { transport: request.transport, endpoints: { ram: folder.path } }
  fence.stay(call)
  return openIncoming(at, { folder, file, name, ticket }, fence)
}
