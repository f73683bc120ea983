/**
 * The journal in files alone, without what reaches hosts.
 *
 * @packageDocumentation
 */
export { type FileJournalOptions, fileJournal } from './file-journal.ts'
