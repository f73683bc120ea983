import { type VmError, vmError } from '../driver/index.ts'
import { printable } from '../edge/printable.ts'
import { crc32 } from './crc32.ts'
import type { JournalEntry } from './journal.ts'
import { flawOfEntry } from './journal-shape.ts'

/** The first line of a journal: it names the format. */
export const JOURNAL_HEADER = 'vmferry-journal 1\n'

/**
 * An entry as a line of a journal: the CRC-32 of what follows, a space, and JSON in printable ASCII, so that a character
 * is a byte.
 *
 * @throws VM_INVALID, naming the member, for what {@link readJournal} would refuse
 */
export function journalLine(entry: JournalEntry): string {
  const json = JSON.stringify(entry).replace(/[^ -~]/g, escaped)
  const flaw = flawOfEntry(JSON.parse(json))
  if (flaw !== null)
    throw vmError('VM_INVALID', `'${printable(flaw)}' of a journal entry is wrong or missing`)
  return `${crc32(json)} ${json}\n`
}

/**
 * The entries of a journal. A last line without its end is what a crash leaves, and is dropped: nobody was told that it is
 * kept. Anything else that is wrong is refused, because what follows a wrong line cannot be trusted either.
 *
 * @param text header and lines, one character a byte
 * @throws VM_PROTOCOL, naming the line: another format, a checksum, JSON or member that is wrong, an entry out of order
 */
export function readJournal(text: string): JournalEntry[] {
  const lines = text.split('\n')
  const torn = lines.pop() ?? ''
  const [header, ...rest] = lines
  if (header === undefined) {
    if (JOURNAL_HEADER.startsWith(torn)) return []
    throw wrongHeader(torn)
  }
  if (`${header}\n` !== JOURNAL_HEADER) throw wrongHeader(header)
  const last = new Map<string, number>()
  const entries = rest.map((line, at) => {
    const found = entryIn(line)
    if (typeof found === 'string') throw refused(at + 2, found)
    const { migration, seq } = found
    const before = last.get(migration) ?? 0
    if (seq !== before + 1) throw refused(at + 2, `is entry ${seq} of ${migration}, after entry ${before}`)
    last.set(migration, seq)
    return found
  })
  // A crash cuts a line short. One that is whole and has something else where its end should be was changed.
  if (typeof entryIn(torn.slice(0, -1)) !== 'string')
    throw refused(lines.length + 1, 'does not end where it should')
  return entries
}

/** The entry, or what is wrong with the line. */
function entryIn(line: string): JournalEntry | string {
  const [, sum, json = ''] = /^([0-9a-f]{8}) ([ -~]+)$/.exec(line) ?? []
  if (sum === undefined) return 'is not a checksum and JSON'
  if (crc32(json) !== sum) return 'does not have the checksum that it names'
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return 'is not JSON'
  }
  const flaw = flawOfEntry(value)
  return flaw === null
    ? (value as JournalEntry)
    : `has a '${printable(flaw)}' that is wrong, missing or unknown`
}

function wrongHeader(header: string): VmError {
  const version = /^vmferry-journal ([0-9]{1,9})$/.exec(header)?.[1]
  if (version === undefined) return refused(1, `is '${printable(header, 40)}', not the header of a journal`)
  return vmError('VM_PROTOCOL', `line 1 of the journal says format ${version}; this vmferry knows format 1`, {
    remedy: 'use the vmferry that wrote it, or a newer one',
  })
}

function refused(line: number, problem: string): VmError {
  return vmError('VM_PROTOCOL', `line ${line} of the journal ${problem}`, {
    remedy:
      'somebody changed it, or the disk did: keep it for a look, move it away, and recover from the records of the hosts',
  })
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
