import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32 } from '../src/ferry/crc32.ts'
import { JOURNAL_HEADER, type JournalEntry, journalLine, memoryJournal, readJournal } from '../src/journal.ts'

const ENTRY: JournalEntry = {
  migration: 'm-1',
  seq: 1,
  at: '2026-11-23T10:00:00.000Z',
  step: 'prepare',
  domain: 'web1',
}
const uri = (text: string) => ({
  text,
  driver: 'test',
  transport: null,
  user: null,
  host: null,
  port: null,
  path: '/ü \u2028"',
  query: { run: '/run/mine' },
})
const ENTRIES: readonly JournalEntry[] = [
  {
    ...ENTRY,
    step: 'begin',
    request: {
      source: { uri: uri('test:///a'), hostId: null },
      target: { uri: uri('test:///b'), hostId: 'b' },
      live: true,
      bandwidth: 0,
      rename: null,
      uri: { text: 'beta:1', transport: null, user: null, host: 'beta', port: 1, path: '' },
      paused: false,
      maxDowntime: 300,
      autoConverge: false,
      postCopy: false,
      copyStorage: false,
      abortOnError: false,
      connections: 1,
    },
  },
  { ...ENTRY, seq: 2, step: 'claim', epochs: { source: 7, target: null } },
  { ...ENTRY, migration: 'm-2', domain: '虚拟机\u0000\ud800' },
  { ...ENTRY, seq: 3, step: 'settled', outcome: 'rolledBack', pending: 2 },
]
const JOURNAL = JOURNAL_HEADER + ENTRIES.map(journalLine).join('')

function refusal(text: string): unknown {
  try {
    return readJournal(text)
  } catch (error) {
    return error
  }
}

/** The journal with one line in the place of its second entry, and a checksum that fits it. */
function withLine(json: string): string {
  const lines = JOURNAL.split('\n')
  lines[2] = `${crc32(json)} ${json}`
  return lines.join('\n')
}

describe('the lines of a journal', () => {
  test('an entry is a checksum and JSON in printable ASCII, under a header that names the format', () => {
    expect(journalLine(ENTRY)).toBe(
      '5b4cc75b {"migration":"m-1","seq":1,"at":"2026-11-23T10:00:00.000Z","step":"prepare","domain":"web1"}\n',
    )
    expect(JOURNAL).toMatch(/^vmferry-journal 1\n[\n -~]*$/)
    expect(crc32('123456789')).toBe('cbf43926')
  })

  test('what is written is read back, of several migrations too', () => {
    expect(readJournal(JOURNAL)).toEqual(ENTRIES)
    expect(readJournal('')).toEqual([])
  })

  test('cut short anywhere, a journal loses at most the entry that was being written', () => {
    for (let at = 0; at <= JOURNAL.length; at++) {
      const whole = JOURNAL.slice(0, at).split('\n').length - 2
      expect(readJournal(JOURNAL.slice(0, at))).toEqual(ENTRIES.slice(0, Math.max(0, whole)))
    }
  })

  test('a byte that is another one is refused, wherever it stands', () => {
    const damage = fc.tuple(fc.nat(JOURNAL.length - 1), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(damage, ([at, change]) => {
        const byte = String.fromCharCode(JOURNAL.charCodeAt(at) ^ change)
        expect(refusal(JOURNAL.slice(0, at) + byte + JOURNAL.slice(at + 1))).toMatchObject({
          code: 'VM_PROTOCOL',
          message: expect.stringMatching(/^line [1-6] of the journal/),
          remedy: expect.any(String),
        })
      }),
      { numRuns: 5000 },
    )
  })

  test('lines that are missing, doubled or exchanged are refused', () => {
    const [header = '', one = '', two = '', other = '', three = ''] = JOURNAL.split(/(?<=\n)/)
    for (const lines of [
      [one, two],
      [header, two, three],
      [header, one, one],
      [header, one, two, two],
      [header, two, one],
      [header, header, one],
      [header, one, '\n', two],
      [header, one, three, two, other],
    ])
      expect(refusal(lines.join(''))).toMatchObject({ code: 'VM_PROTOCOL' })
    expect(refusal([header, one, three].join(''))).toMatchObject({
      message: 'line 3 of the journal is entry 3 of m-1, after entry 1',
    })
  })

  test('a format of the future is refused by its number, with what to do', () => {
    expect(refusal(JOURNAL.replace('journal 1', 'journal 2'))).toMatchObject({
      code: 'VM_PROTOCOL',
      message: 'line 1 of the journal says format 2; this vmferry knows format 1',
      remedy: 'use the vmferry that wrote it, or a newer one',
    })
  })

  test.each([
    ['not JSON', '{"migration":', 'is not JSON'],
    ['no object', '[]', "'entry'"],
    ['a member less', JSON.stringify({ ...ENTRY, seq: undefined }), "'seq'"],
    ['a member more', JSON.stringify({ ...ENTRY, seq: 2, colour: 'red' }), "'colour'"],
    ['an unknown step', JSON.stringify({ ...ENTRY, seq: 2, step: 'constructor' }), "'step'"],
    ['a path for an id', JSON.stringify({ ...ENTRY, seq: 2, migration: '../x' }), "'migration'"],
    ['a fraction', JSON.stringify({ ...ENTRY, seq: 2, pending: 0.5 }), "'pending'"],
    ['half a pair', JSON.stringify({ ...ENTRY, seq: 2, epochs: { source: 1 } }), "'epochs.target'"],
    ['half a request', JSON.stringify({ ...ENTRY, seq: 2, request: { source: {} } }), "'request.target'"],
    ['__proto__', '{"__proto__":{"migration":"m-1"}}', "'migration'"],
  ])('%s with a checksum that fits is refused, naming what is wrong', (_, json, words) => {
    expect(refusal(withLine(json))).toMatchObject({
      code: 'VM_PROTOCOL',
      message: expect.stringContaining(words),
    })
  })

  test('an entry that could not be read again is not written', () => {
    expect(() => journalLine({ ...ENTRY, migration: 'a/b' })).toThrow("'migration' of a journal entry")
    expect(() => journalLine({ ...ENTRY, seq: 0 })).toThrow("'seq' of a journal entry")
  })
})

describe('memoryJournal()', () => {
  test('counts the entries of each migration, and holds who counts himself to it', async () => {
    const journal = memoryJournal()
    const { seq: _, ...entry } = ENTRY
    await journal.append(entry)
    await journal.append({ ...entry, migration: 'm-2' })
    await journal.append({ ...entry, seq: 2 })
    await expect(journal.append({ ...entry, seq: 2 })).rejects.toMatchObject({ code: 'VM_INVALID' })
    await expect(journal.append({ ...entry, seq: 4 })).rejects.toMatchObject({ code: 'VM_INVALID' })
    expect((await journal.entries()).map(({ migration, seq }) => `${migration} ${seq}`)).toEqual([
      'm-1 1',
      'm-2 1',
      'm-1 2',
    ])
  })
})
