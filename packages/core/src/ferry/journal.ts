import { type MigrationId, type MigrationRequest, vmError } from '../driver/index.ts'
import type { Outcome } from '../migration/outcome.ts'

/**
 * A step of a migration that is written down **before** its effect: `claim` before the source begins, `finish`
 * before finish is called again, `roll-back` before a target that was to run is ended because it has not run. `begin` and `perform`
 * are of a hypervisor with one call of its own.
 */
export type JournalStep =
  | 'claim'
  | 'begin'
  | 'prepare'
  | 'perform'
  | 'postcopy'
  | 'committing'
  | 'finish'
  | 'abort'
  | 'roll-back'
  | 'settled'

/** What a controller has claimed on each host; null: nothing. */
export interface Epochs {
  readonly source: number | null
  readonly target: number | null
}

/** One line of the journal. No secrets. */
export interface JournalEntry {
  readonly migration: MigrationId
  /** Counts the entries of this migration from 1. */
  readonly seq: number
  /** ISO 8601. */
  readonly at: string
  readonly step: JournalStep
  readonly domain: string
  /** With the first entry of a controller. */
  readonly request?: MigrationRequest
  /** With `claim`: the epochs that are asked for from then on; null: that host was not claimed yet. */
  readonly epochs?: Epochs
  /** With `settled`. */
  readonly outcome?: Outcome
  /** With `settled`: how much is left to be cleaned up. */
  readonly pending?: number
}

/** An entry that is to be written. Who leaves `seq` out lets the journal count; who gives it is held to it. */
export type NewJournalEntry = Omit<JournalEntry, 'seq'> & Partial<Pick<JournalEntry, 'seq'>>

/** Where the controller writes down what it is about to do. */
export interface Journal {
  /**
   * The entry is kept when this resolves: it outlives the process, where the journal does. Rejects with VM_INVALID for a
   * `seq` that is not the next of its migration; nothing is written then.
   */
  append(entry: NewJournalEntry): Promise<void>
  /** All entries, oldest first. */
  entries(): Promise<readonly JournalEntry[]>
}

/**
 * The entry with its number, for whoever keeps a journal.
 *
 * @param last the number of the migration's last entry; 0 if it has none
 * @throws VM_INVALID if the entry has another number than the next
 */
export function numbered(entry: NewJournalEntry, last: number): JournalEntry {
  const { seq = last + 1 } = entry
  if (seq === last + 1) return { ...entry, seq }
  throw vmError('VM_INVALID', `entry ${seq} of ${entry.migration} would follow entry ${last}`, {
    remedy: 'another controller has written, or an entry is missing: read the journal before anything else',
  })
}

/** A journal that is forgotten with the process. */
export function memoryJournal(): Journal {
  const entries: JournalEntry[] = []
  return {
    append: async (entry) => {
      const last = entries.findLast(({ migration }) => migration === entry.migration)
      entries.push(numbered(entry, last?.seq ?? 0))
    },
    entries: async () => [...entries],
  }
}
