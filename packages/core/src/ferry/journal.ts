import type { MigrationId, MigrationRequest } from '../driver/index.ts'
import type { Outcome } from '../migration/outcome.ts'

/** A step of a migration that is written down **before** its effect. */
export type JournalStep =
  | 'claim'
  | 'begin'
  | 'prepare'
  | 'perform'
  | 'postcopy'
  | 'committing'
  | 'abort'
  | 'settled'

/** What a controller has claimed on each host; null: nothing. */
export interface Epochs {
  readonly source: number | null
  readonly target: number | null
}

/** One line of the journal. No secrets. */
export interface JournalEntry {
  readonly migration: MigrationId
  /** ISO 8601. */
  readonly at: string
  readonly step: JournalStep
  readonly domain: string
  /** From 1, within a migration. */
  readonly seq: number
  /** With `claim`, the first of all. */
  readonly request?: MigrationRequest
  /** With `claim`: the epochs that are asked for from then on; null: that host was not claimed yet. */
  readonly epochs?: Epochs
  /** With `settled`. */
  readonly outcome?: Outcome
  /** With `settled`: how much is left to be cleaned up. */
  readonly pending?: number
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
