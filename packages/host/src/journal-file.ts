import { Buffer } from 'node:buffer'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { isVmError, vmError } from '@vmferry/core/driver'
import { JOURNAL_HEADER, type JournalEntry, journalLine, readJournal } from '@vmferry/core/journal'
import { fileTooLong, mostFileBytes } from './file-access.ts'
import { checkOwner } from './journal-folder.ts'
import { systemError } from './system-error.ts'

/** What of an open file the journal needs. */
export type JournalHandle = Pick<FileHandle, 'write' | 'truncate' | 'datasync' | 'stat' | 'close'>

/** One migration's file, for its one writer. It stays open until it is closed: an entry is written while a guest stands still. */
export interface JournalFile {
  /** The number of its last entry; 0 if it has none. */
  last(): number
  /** Writes the line and makes it durable. After a failure the file is as before, or is made so by the next. */
  append(entry: JournalEntry): Promise<void>
  /** No entry comes any more. */
  close(): Promise<void>
}

const { O_RDONLY, O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants

/** A migration's file as it is; made if there is none. */
export async function openJournalFile(path: string): Promise<JournalFile> {
  const handle = await openOwn(path, O_RDWR | O_CREAT)
  try {
    return journalFile(handle, path, await textOf(handle, path))
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The entries of a migration's file. */
export async function readJournalFile(path: string): Promise<JournalEntry[]> {
  await using handle = await openOwn(path, O_RDONLY)
  return entriesIn(await textOf(handle, path), path)
}

/** A file that has this text now. */
export function journalFile(handle: JournalHandle, path: string, text: string): JournalFile {
  let last = entriesIn(text, path).at(-1)?.seq ?? 0
  // Of this text, what is whole. A torn line behind it is cut off before the next is written, never continued.
  let size = text.lastIndexOf('\n') + 1
  let torn = text.length > size
  return {
    last: () => last,
    async append(entry) {
      const line = `${size === 0 ? JOURNAL_HEADER : ''}${journalLine(entry)}`
      try {
        if (torn) await handle.truncate(size)
        torn = true
        await writeAll(handle, Buffer.from(line, 'latin1'), size)
        // a file without a name keeps nothing
        const [{ nlink }] = await Promise.all([handle.stat(), handle.datasync()])
        if (nlink === 0) throw new Error('it has been removed')
      } catch (error) {
        if (isVmError(error)) throw error
        throw vmError('VM_PHASE_FAILED', `the journal ${path} could not be written`, {
          remedy: 'nothing was done that the entry announces; see to the disk, then go on',
          causes: [{ host: 'controller', words: systemError(error).message }],
          cause: error,
        })
      }
      torn = false
      size += line.length
      last = entry.seq
    },
    close: () => handle.close(),
  }
}

async function writeAll(handle: JournalHandle, bytes: Uint8Array, from: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, from + done)).bytesWritten
  }
}

/** Opens a file that nobody else can have put there, or written to. A pipe in its place is not waited for. */
async function openOwn(path: string, flags: number): Promise<FileHandle> {
  const handle = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600).catch((error: unknown) => {
    if (systemError(error).code !== 'ELOOP') throw error
    throw vmError('VM_REFUSED', `the journal ${path} is a symbolic link`, {
      remedy: 'look at it, then remove it',
    })
  })
  try {
    const found = await handle.stat()
    if (!found.isFile())
      throw vmError('VM_REFUSED', `the journal ${path} is no file`, { remedy: 'look at it, then remove it' })
    checkOwner(path, found)
    if (found.size > mostFileBytes) throw fileTooLong(path, 'the controller')
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function textOf(handle: FileHandle, path: string): Promise<string> {
  const text = await handle.readFile('latin1')
  if (text.length > mostFileBytes) throw fileTooLong(path, 'the controller')
  return text
}

function entriesIn(text: string, path: string): JournalEntry[] {
  const migration = basename(path, '.jsonl')
  try {
    const entries = readJournal(text)
    const stray = entries.findIndex((entry) => entry.migration !== migration)
    if (stray < 0) return entries
    throw vmError('VM_PROTOCOL', `line ${stray + 2} of the journal is of another migration`, {
      remedy: `give the file its name back, or move it away`,
    })
  } catch (error) {
    if (!isVmError(error, 'VM_PROTOCOL')) throw error
    throw vmError('VM_PROTOCOL', `${path}: ${error.message}`, {
      ...(error.remedy && { remedy: error.remedy }),
    })
  }
}
