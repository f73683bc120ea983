import type { MigrationId, MigrationRequest } from '../driver/index.ts'
import type { Outcome } from '../migration/outcome.ts'

/** A step of a migration that is written down **before** its effect. */
export type JournalStep = 'begin' | 'prepare' | 'perform' | 'postcopy' | 'committing' | 'abort' | 'settled'

/** One line of the journal. No secrets. */
export interface JournalEntry {
  readonly migration: MigrationId
  /** ISO 8601. */
  readonly at: string
  readonly step: JournalStep
  readonly domain: string
  /** With `begin`. */
  readonly request?: MigrationRequest
  /** With `settled`. */
  readonly outcome?: Outcome
}

/** Where the controller writes down what it is about to do. An entry is kept when `append` resolves. */
export interface Journal {
  append(entry: JournalEntry): Promise<void>
  /** All entries, oldest first. */
  entries(): Promise<readonly JournalEntry[]>
}

/** A journal that is forgotten with the process. */
export function memoryJournal(): Journal {
  const entries: JournalEntry[] = []
  return {
    append: async (entry) => {
      entries.push(entry)
    },
    entries: async () => [...entries],
  }
}
