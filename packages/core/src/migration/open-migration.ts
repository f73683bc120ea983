import type { ChosenRequest, HostRecord, MigrationId, MigrationRequest } from '../driver/index.ts'
import type { JournalEntry } from '../ferry/journal.ts'

/** A migration that has not come to its end, as it is on file: in a controller's journal, or on one of its hosts. */
export interface OpenMigration {
  readonly migration: MigrationId
  /** Its name at the source. */
  readonly domain: string
  readonly request: MigrationRequest
  readonly prepared: boolean
  /** The target may have been told to run the guest. */
  readonly committing: boolean
  /** A journal tells what was done; else only a host does, which knows its own part. */
  readonly journalled: boolean
  readonly postCopy: boolean
}

/** The migrations of a journal that did not end, or left something behind; oldest first. */
export function openInJournal(entries: readonly JournalEntry[]): readonly OpenMigration[] {
  const byId = new Map<MigrationId, JournalEntry[]>()
  for (const entry of entries) byId.set(entry.migration, [...(byId.get(entry.migration) ?? []), entry])
  return [...byId.values()].flatMap((own) => {
    const request = own.find((entry) => entry.request)?.request
    return request && !isOver(own.at(-1)) ? [openMigration(own, request)] : []
  })
}

function openMigration(entries: readonly JournalEntry[], request: MigrationRequest): OpenMigration {
  const [first] = entries as readonly [JournalEntry, ...JournalEntry[]]
  const last = (step: JournalEntry['step']): number => entries.findLastIndex((entry) => entry.step === step)
  const has = (step: JournalEntry['step']): boolean => last(step) >= 0
  return {
    migration: first.migration,
    domain: first.domain,
    request,
    prepared: has('prepare') || has('committing') || has('postcopy'),
    committing: last('committing') > last('roll-back'),
    postCopy: has('postcopy'),
    journalled: true,
  }
}

function isOver(last: JournalEntry | undefined): boolean {
  return last?.step === 'settled' && last.outcome !== 'inDoubt' && !last.pending
}

/** A migration that only a host knows. Its controller may have gone as far as can be. */
export function openOnHost({
  migration,
  domain,
  sourceDomain = domain,
  ...record
}: HostRecord): OpenMigration {
  // its two ends have filed the way that was chosen too: that is over
  const {
    transport: _transport,
    cookie: _cookie,
    ...request
  }: Partial<ChosenRequest> & MigrationRequest = record.request
  const unknown = { prepared: true, committing: true, postCopy: request.postCopy, journalled: false }
  return { migration, domain: sourceDomain, request, ...unknown }
}
