import { createHash } from 'node:crypto'
import { changedSinceCheck, type HostChannel, type MigrationSource, type Offer } from '@vmferry/core/driver'
import { hostRecord, type MigrationFile } from '@vmferry/fence'
import { type SourceFacts, sourceFacts } from './facts/source.ts'
import { take } from './fence/step.ts'
import { halfOf, lookAt } from './guest/list.ts'
import { halfFolder } from './guest/run-directory.ts'
import { openOutgoing } from './migration/outgoing.ts'
import { sourceTransports } from './transport/choose.ts'
import type { XenHost } from './xen-host.ts'

export function xenSource(at: XenHost): MigrationSource {
  const { host, runDirectory } = at
  return {
    async check(domain, request, call) {
      const ways = sourceTransports(host, request, call)
      // what is said of the guest comes first, also of two errors
      ways.catch(() => {})
      const { offer, findings, epoch } = await sourceFacts(at, domain, request, call)
      const { transports, findings: lacking } = await ways
      const digest = createHash('sha256').update(JSON.stringify(offer)).digest('hex')
      return { offer, transports, findings: [...findings, ...lacking], digest, epoch }
    },
    async begin(offer, request, call) {
      const { domain } = offer
      refuseChanged(host, offer, await sourceFacts(at, domain, request, call))
      const { migration, epoch } = call
      const file: MigrationFile = { migration, epoch, phase: 'begin', request, offer }
      const folder = halfFolder(runDirectory, migration)
      await at.fences.of(domain, folder.path).act([take(offer.uuid ?? '', file)], call)
      return openOutgoing(at, folder, file)
    },
    async recall(id, call) {
      const half = halfOf(await lookAt(host, runDirectory, call), 'source', id, host.name)
      const { perform: _perform, tune: _tune, ...found } = openOutgoing(at, half.folder, half.file)
      return { ...found, record: hostRecord('source', half.name, half.file) }
    },
  }
}

/** VM_PHASE_FAILED for a domain that is not any more what was checked. What a balloon gives or takes is no change. */
function refuseChanged({ name }: HostChannel, offer: Offer, { offer: now, findings }: SourceFacts): void {
  const blocker = findings.find(({ severity }) => severity === 'blocker')
  const same = JSON.stringify({ ...now, memoryBytes: offer.memoryBytes }) === JSON.stringify(offer)
  if (same && !blocker) return
  throw changedSinceCheck(offer.domain, name, blocker ? [blocker.message] : [])
}
