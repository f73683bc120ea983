import { readdir, rm } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { isVmError, vmError } from '@vmferry/core/driver'
import { type Journal, type JournalEntry, type NewJournalEntry, numbered } from '@vmferry/core/journal'
import { type JournalFile, openJournalFile, readJournalFile } from './journal-file.ts'
import { checkFolder, journalFolder, makeFolder, syncFolder } from './journal-folder.ts'
import { lockJournal } from './journal-lock.ts'
import { systemError } from './system-error.ts'

/** Options of {@link fileJournal}. */
export interface FileJournalOptions {
  /**
   * Absolute path, on a disk of this machine; made if it is not there, for its owner alone. Default:
   * `$XDG_STATE_HOME/vmferry/journal`, else `~/.local/state/vmferry/journal`.
   */
  readonly folder?: string
}

/**
 * A journal in files, one a migration, that outlives the process and a power cut: `append` resolves when the disk has the
 * entry. The file of a migration that is settled, with nothing pending, is removed; those that are in doubt stay.
 *
 * `append` rejects with VM_BUSY when another process writes that migration's file, with VM_PHASE_FAILED when the disk
 * does not take the entry. `append` and `entries` reject with VM_REFUSED for files that others may have written, and with
 * VM_PROTOCOL for a file that was changed.
 *
 * @throws VM_INVALID for a folder that is not absolute
 */
export function fileJournal(options: FileJournalOptions = {}): Journal {
  const folder = options.folder ?? journalFolder()
  if (!isAbsolute(folder) || folder.includes('\0'))
    throw vmError('VM_INVALID', `the journal folder ${JSON.stringify(folder)} is not an absolute path`)
  const open = new Map<string, OpenFile>()
  const queues = new Map<string, Promise<void>>()
  return {
    append(entry) {
      const { migration } = entry
      const before = queues.get(migration) ?? Promise.resolve()
      const own = before.then(() => told(folder, () => append(folder, open, entry)))
      const over = own
        .catch(() => {})
        .then(() => {
          if (queues.get(migration) === over) queues.delete(migration)
        })
      queues.set(migration, over)
      return own
    },
    entries: () => told(folder, () => readAll(folder)),
  }
}

interface OpenFile {
  readonly path: string
  readonly file: JournalFile
  readonly unlock: () => Promise<void>
}

async function append(folder: string, open: Map<string, OpenFile>, entry: NewJournalEntry): Promise<void> {
  const { migration } = entry
  const mine = open.get(migration) ?? (await openFor(folder, migration))
  open.set(migration, mine)
  const { file, path, unlock } = mine
  let kept = false
  try {
    await file.append(numbered(entry, file.last()))
    kept = true
  } finally {
    const empty = file.last() === 0
    // Who has nothing more to say lets go. After a failure, what follows may be a second try.
    if (empty || (kept && entry.step === 'settled')) {
      open.delete(migration)
      // the disk has what was written, or never will
      await file.close().catch(() => {})
      // The entry is kept, or nothing is: a file that cannot be removed is only left over.
      if (empty || isOver(entry)) await rm(path, { force: true }).catch(() => {})
      await unlock()
    }
  }
}

async function openFor(folder: string, migration: string): Promise<OpenFile> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(migration))
    throw vmError('VM_INVALID', 'the id of the migration cannot stand in a file name')
  await makeFolder(folder)
  const unlock = await lockJournal(folder, migration)
  const path = join(folder, `${migration}.jsonl`)
  let file: JournalFile | null = null
  try {
    file = await openJournalFile(path)
    await syncFolder(folder)
    return { path, unlock, file }
  } catch (error) {
    await file?.close().catch(() => {})
    await unlock()
    throw error
  }
}

/** Whether nothing of the migration is left to do. */
function isOver({ step, outcome, pending = 0 }: NewJournalEntry): boolean {
  return step === 'settled' && outcome !== undefined && outcome !== 'inDoubt' && pending === 0
}

async function readAll(folder: string): Promise<JournalEntry[]> {
  if (!(await checkFolder(folder))) return []
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
  const files = await Promise.all(names.map((name) => readUnlessGone(join(folder, name))))
  return files
    .flatMap((entries) => {
      // A clock that was set back must not turn the entries of one migration around.
      let latest = ''
      return entries.map((entry) => {
        latest = entry.at > latest ? entry.at : latest
        return { entry, latest }
      })
    })
    .toSorted((one, other) => (one.latest < other.latest ? -1 : Number(one.latest > other.latest)))
    .map(({ entry }) => entry)
}

/** A migration that settles while its file is about to be read has no entries any more. */
async function readUnlessGone(path: string): Promise<JournalEntry[]> {
  try {
    return await readJournalFile(path)
  } catch (error) {
    if (systemError(error).code === 'ENOENT') return []
    throw error
  }
}

async function told<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isVmError(error)) throw error
    throw vmError('VM_PHASE_FAILED', `the journal in ${folder} could not be read or written`, {
      remedy: 'see to the disk, or give another folder',
      causes: [{ host: 'controller', words: systemError(error).message }],
      cause: error,
    })
  }
}
