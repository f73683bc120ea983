/**
 * The journal, and the lines of which a journal in a file is made.
 *
 * @packageDocumentation
 */

export {
  type Journal,
  type JournalEntry,
  type JournalStep,
  memoryJournal,
  type NewJournalEntry,
  numbered,
} from './ferry/journal.ts'
export { JOURNAL_HEADER, journalLine, readJournal } from './ferry/journal-line.ts'
