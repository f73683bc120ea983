import type { CallOptions, DriverConnection, HostRecord, MigrationId } from '../driver/index.ts'
import { type OpenMigration, openOnHost } from '../migration/open-migration.ts'
import { type RecoverOptions, type Recovery, recoverMigration } from '../migration/recover.ts'
import type { FerryParts } from './ferry-parts.ts'
import { lateEnd } from './late-end.ts'

/**
 * Recovers that one of the open migrations, or all that this ferry does not carry out itself, one after the other, over
 * connections of their own. Rejects with `missing` for an id that is not among them.
 */
export async function recoverAll(
  parts: FerryParts,
  all: readonly OpenMigration[],
  id: MigrationId | undefined,
  missing: () => Error,
  options: RecoverOptions,
): Promise<readonly Recovery[]> {
  const open = all.filter(
    ({ migration }) => !parts.running.has(migration) && (id === undefined || migration === id),
  )
  if (id !== undefined && open.length === 0) throw missing()
  const recovered: Recovery[] = []
  for (const one of open) {
    const { source, target } = one.request
    const ends = {
      source: lateEnd(source.uri, parts.clock, parts.connect),
      target: lateEnd(target.uri, parts.clock, parts.connect),
    }
    parts.running.add(one.migration)
    try {
      recovered.push(await recoverMigration(parts, one, ends, options))
    } finally {
      parts.running.delete(one.migration)
      await Promise.allSettled([ends.source.close(), ends.target.close()])
    }
  }
  return recovered
}

/** What a host has on file and no end of: what it sends, and what it receives and does not run, or runs without all of it. */
export async function openOn(
  connection: DriverConnection,
  call: CallOptions,
): Promise<readonly OpenMigration[]> {
  const [records, domains] = await Promise.all([connection.migrations(call), connection.domains(call)])
  const isAtHome = ({ role, domain, incomplete }: HostRecord): boolean =>
    role === 'target' &&
    !incomplete &&
    domains.some(({ name, state }) => name === domain && (state === 'running' || state === 'paused'))
  return records.filter((record) => !isAtHome(record)).map(openOnHost)
}
