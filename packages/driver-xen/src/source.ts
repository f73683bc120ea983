import { createHash } from 'node:crypto'
import type { MigrationSource } from '@vmferry/core/driver'
import { hostRecord, type MigrationFile } from '@vmferry/fence'
import { sourceFacts } from './facts/source.ts'
import { fenceOf } from './fence/fence.ts'
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
    async begin(domain, request, call) {
      const { offer } = await sourceFacts(at, domain, request, call)
      const { migration, epoch } = call
      const file: MigrationFile = { migration, epoch, phase: 'begin', request, offer }
      const folder = halfFolder(runDirectory, migration)
      await fenceOf(at, domain, folder.path).act([take(offer.uuid ?? '', file)], call)
      return openOutgoing(at, folder, file)
    },
    async recall(id, call) {
      const half = halfOf(await lookAt(host, runDirectory, call), 'source', id, host.name)
      const { perform: _perform, tune: _tune, ...found } = openOutgoing(at, half.folder, half.file)
      return { ...found, record: hostRecord('source', half.name, half.file) }
    },
  }
}
