import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { JOURNAL_HEADER, journalLine, type NewJournalEntry } from '@vmferry/core/journal'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { fileJournal } from '../src/index.ts'
import { type JournalHandle, journalFile } from '../src/journal-file.ts'
import { journalFolder } from '../src/journal-folder.ts'

const scratch = mkdtempSync(join(tmpdir(), 'vmferry-journal-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let folders = 0
const newFolder = (): string => join(scratch, `${++folders}`, 'journal')
const entry = (migration: string, more: Partial<NewJournalEntry> = {}): NewJournalEntry => ({
  migration,
  at: '2026-11-23T10:00:00.000Z',
  step: 'prepare',
  domain: 'web1',
  ...more,
})
const root = process.getuid?.() === 0

describe('fileJournal()', () => {
  test('keeps entries for the next process, oldest first, in files for their owner alone', async () => {
    const folder = newFolder()
    const journal = fileJournal({ folder })
    expect(await journal.entries()).toEqual([])
    expect(existsSync(folder)).toBe(false)
    await journal.append(entry('m-b', { at: '2026-11-23T10:00:02.000Z' }))
    await journal.append(entry('m-a', { at: '2026-11-23T10:00:03.000Z', step: 'begin' }))
    // The clock is set back.
    await journal.append(entry('m-a', { at: '2026-11-23T10:00:01.000Z', step: 'perform' }))
    const found = await fileJournal({ folder }).entries()
    expect(found.map(({ migration, seq, step }) => [migration, seq, step])).toEqual([
      ['m-b', 1, 'prepare'],
      ['m-a', 1, 'begin'],
      ['m-a', 2, 'perform'],
    ])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  })

  test('takes appends that come at once in their order', async () => {
    const folder = newFolder()
    const journal = fileJournal({ folder })
    await Promise.all(Array.from({ length: 50 }, (_, at) => journal.append(entry('m-1', { seq: at + 1 }))))
    expect(await journal.entries()).toHaveLength(50)
    await expect(journal.append(entry('m-1', { seq: 52 }))).rejects.toMatchObject({ code: 'VM_INVALID' })
    await journal.append(entry('m-1', { seq: 51 }))
  })

  test.each([
    [{ outcome: 'migrated' }, true],
    [{ outcome: 'rolledBack', pending: 0 }, true],
    [{ outcome: 'lost' }, true],
    [{ outcome: 'inDoubt' }, false],
    [{ outcome: 'migrated', pending: 1 }, false],
    [{}, false],
  ] as const)('a migration settled with %j: is its file removed? %s', async (end, removed) => {
    const folder = newFolder()
    const journal = fileJournal({ folder })
    await journal.append(entry('m-1', { step: 'begin' }))
    await journal.append(entry('m-1', { step: 'settled', ...end }))
    expect(readdirSync(folder)).toEqual(removed ? [] : ['m-1.jsonl'])
    // It is let go either way: who recovers it may be another.
    const again = fileJournal({ folder }).append(entry('m-1', { seq: 3 }))
    if (removed) await expect(again).rejects.toMatchObject({ code: 'VM_INVALID' })
    else await again
  })

  test('a torn last line is cut off before the next entry is written', async () => {
    const folder = newFolder()
    const path = join(folder, 'm-1.jsonl')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const line = journalLine({ ...entry('m-1'), seq: 1 })
    for (const text of ['', 'vmferry-jour', JOURNAL_HEADER, `${JOURNAL_HEADER}${line.slice(0, 40)}`]) {
      writeFileSync(path, text, { mode: 0o600 })
      expect(await fileJournal({ folder }).entries()).toEqual([])
      await fileJournal({ folder }).append(entry('m-1', { step: 'settled' }))
      expect(await fileJournal({ folder }).entries()).toMatchObject([{ seq: 1, step: 'settled' }])
      expect(readFileSync(path, 'latin1')).toMatch(/^vmferry-journal 1\n[^\n]+\n$/)
    }
  })

  test('any cut of a file loses at most the last entry, and any byte that is another is refused', async () => {
    const folder = newFolder()
    const journal = fileJournal({ folder })
    for (let seq = 1; seq <= 5; seq++) await journal.append(entry('m-1', { domain: 'x'.repeat(seq) }))
    const path = join(folder, 'm-1.jsonl')
    const bytes = readFileSync(path)
    const place = fc.nat(bytes.length - 1)
    const property = fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const cut = bytes.subarray(0, at)
      writeFileSync(path, cut)
      expect(await journal.entries()).toHaveLength(Math.max(0, cut.filter((byte) => byte === 10).length - 1))
      writeFileSync(
        path,
        bytes.map((byte, offset) => (offset === at ? byte ^ change : byte)),
      )
      await expect(journal.entries()).rejects.toMatchObject({
        code: 'VM_PROTOCOL',
        message: expect.stringContaining(`${path}: line `),
        remedy: expect.any(String),
      })
    })
    await fc.assert(property, { numRuns: 300 })
  })

  test('a file that was changed takes no entry, and a file under another name is none of this migration', async () => {
    const folder = newFolder()
    const journal = fileJournal({ folder })
    await journal.append(entry('m-1', { step: 'settled' }))
    renameSync(join(folder, 'm-1.jsonl'), join(folder, 'm-2.jsonl'))
    await expect(journal.append(entry('m-2'))).rejects.toMatchObject({
      code: 'VM_PROTOCOL',
      message: expect.stringContaining('of another migration'),
    })
    expect(readdirSync(folder)).toEqual(['m-2.jsonl'])
  })

  test('one process writes a migration’s file, and one that died is no hindrance', async () => {
    const folder = newFolder()
    const journal = fileJournal({ folder })
    await journal.append(entry('m-1'))
    const busy = { code: 'VM_BUSY', message: expect.stringContaining(`process ${process.pid} `) }
    await expect(fileJournal({ folder }).append(entry('m-1', { seq: 2 }))).rejects.toMatchObject(busy)
    await fileJournal({ folder }).append(entry('m-2'))

    const writer = writerIn(folder, 'm-3')
    await writer.said(3)
    await expect(journal.append(entry('m-3'))).rejects.toMatchObject({
      code: 'VM_BUSY',
      message: expect.stringContaining(`process ${writer.pid} `),
    })
    await writer.kill()
    const { length } = (await journal.entries()).filter(({ migration }) => migration === 'm-3')
    await journal.append(entry('m-3', { seq: length + 1 }))
    expect(readdirSync(folder).filter((name) => /^m-3\..*lock$/.test(name))).toHaveLength(1)
  })

  test('what a process that is killed was told to be kept is there', { timeout: 60_000 }, async () => {
    for (let round = 1; round <= 8; round++) {
      const folder = newFolder()
      const writer = writerIn(folder, 'm-1')
      await writer.said(round * 7)
      const told = await writer.kill()
      const { length } = await fileJournal({ folder }).entries()
      expect(told).toBeGreaterThanOrEqual(round * 7)
      expect([told, told + 1]).toContain(length)
    }
  })

  test('a disk that is full rejects, and the next entry does not continue the torn line', async () => {
    const path = join(scratch, 'm-1.jsonl')
    await using real = await open(path, 'w+')
    let room = Number.POSITIVE_INFINITY
    let breaks = false
    const handle: JournalHandle = {
      async write(bytes: Uint8Array, from: number, length: number, position: number) {
        if (room <= 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
        const written = await real.write(bytes, from, Math.min(length, room), position)
        room -= written.bytesWritten
        return written
      },
      async datasync() {
        if (breaks) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
      },
      truncate: (size: number) => real.truncate(size),
      stat: async () => real.stat(),
      close: async () => {},
    } as JournalHandle
    const file = journalFile(handle, path, '')
    await file.append({ ...entry('m-1'), seq: 1 })
    const whole = readFileSync(path, 'latin1')

    room = 50
    const failed = { code: 'VM_PHASE_FAILED', causes: [{ words: expect.stringContaining('ENOSPC') }] }
    await expect(file.append({ ...entry('m-1', { domain: 'long' }), seq: 2 })).rejects.toMatchObject(failed)
    expect(readFileSync(path, 'latin1')).toHaveLength(whole.length + 50)
    expect(file.last()).toBe(1)

    room = Number.POSITIVE_INFINITY
    breaks = true
    await expect(file.append({ ...entry('m-1', { domain: 'longer' }), seq: 2 })).rejects.toMatchObject({
      code: 'VM_PHASE_FAILED',
      causes: [{ words: 'EIO: i/o error' }],
    })
    breaks = false
    const last = { ...entry('m-1', { domain: 'w' }), seq: 2 }
    await file.append(last)
    expect(readFileSync(path, 'latin1')).toBe(whole + journalLine(last))
  })

  test('a file that somebody has removed takes no entry more', async () => {
    const folder = newFolder()
    const journal = fileJournal({ folder })
    await journal.append(entry('m-1'))
    rmSync(join(folder, 'm-1.jsonl'))
    const lost = { code: 'VM_PHASE_FAILED', causes: [{ words: 'it has been removed' }] }
    await expect(journal.append(entry('m-1'))).rejects.toMatchObject(lost)
    await expect(journal.append(entry('m-1'))).rejects.toMatchObject(lost)
  })

  test('links, open doors and ids that are paths are refused, with what to do', async () => {
    const refused = (words: string) => ({
      code: 'VM_REFUSED',
      message: expect.stringContaining(words),
      remedy: expect.any(String),
    })
    const [folder, link] = [newFolder(), join(scratch, 'link')]
    const journal = fileJournal({ folder })
    await journal.append(entry('m-1', { step: 'settled' }))
    const path = join(folder, 'm-1.jsonl')

    symlinkSync(folder, link)
    await expect(fileJournal({ folder: link }).entries()).rejects.toMatchObject(refused('a symbolic link'))
    await expect(fileJournal({ folder: link }).append(entry('m-1'))).rejects.toMatchObject(
      refused('a symbolic link'),
    )
    chmodSync(folder, 0o770)
    await expect(journal.entries()).rejects.toMatchObject(refused('others may write'))
    await expect(journal.append(entry('m-9'))).rejects.toMatchObject(refused('others may write'))
    chmodSync(folder, 0o700)
    chmodSync(path, 0o666)
    await expect(journal.entries()).rejects.toMatchObject(refused('others may write'))
    await expect(journal.append(entry('m-1', { seq: 2 }))).rejects.toMatchObject(refused('others may write'))
    chmodSync(path, 0o600)
    symlinkSync(path, join(folder, 'm-2.jsonl'))
    await expect(journal.entries()).rejects.toMatchObject(refused('a symbolic link'))
    await expect(journal.append(entry('m-2'))).rejects.toMatchObject(refused('a symbolic link'))
    for (const id of ['', '.', '../m', 'a/b', 'a\0b', '-x', 'x'.repeat(200)])
      await expect(journal.append(entry(id))).rejects.toMatchObject({ code: 'VM_INVALID' })
    for (const bad of ['', 'here', '/a\0b'])
      expect(() => fileJournal({ folder: bad })).toThrow('is not an absolute path')
  })

  test.skipIf(!root)('what belongs to another user is refused', async () => {
    const folder = newFolder()
    const journal = fileJournal({ folder })
    await journal.append(entry('m-1', { step: 'settled' }))
    chownSync(join(folder, 'm-1.jsonl'), 65_534, 65_534)
    await expect(journal.entries()).rejects.toMatchObject({ code: 'VM_REFUSED' })
    chownSync(folder, 65_534, 65_534)
    await expect(journal.append(entry('m-2'))).rejects.toMatchObject({
      code: 'VM_REFUSED',
      message: expect.stringContaining('belongs to the user 65534'),
    })
  })

  test('a folder that cannot be made is told in the system’s words', async () => {
    writeFileSync(join(scratch, 'file'), '')
    const journal = fileJournal({ folder: join(scratch, 'file', 'journal') })
    const told = { code: 'VM_PHASE_FAILED', causes: [{ words: expect.stringContaining('ENOTDIR') }] }
    await expect(journal.append(entry('m-1'))).rejects.toMatchObject(told)
  })

  test('the usual folder is the one for state, and a relative XDG_STATE_HOME is ignored', () => {
    const before = process.env['XDG_STATE_HOME']
    try {
      process.env['XDG_STATE_HOME'] = '/state'
      expect(journalFolder()).toBe('/state/vmferry/journal')
      for (const none of ['', 'state']) {
        process.env['XDG_STATE_HOME'] = none
        expect(journalFolder()).toMatch(/^\/.*\/\.local\/state\/vmferry\/journal$/)
      }
    } finally {
      if (before === undefined) delete process.env['XDG_STATE_HOME']
      else process.env['XDG_STATE_HOME'] = before
    }
  })
})

/** A process that appends in a loop. */
function writerIn(folder: string, migration: string) {
  const script = fileURLToPath(new URL('journal-writer.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, folder, migration], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  const last = (): number => Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1))
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    pid: child.pid,
    async said(count: number): Promise<void> {
      const seen = (): number => (output.includes('\n') ? last() : 0)
      await expect.poll(seen, { timeout: 20_000, interval: 1 }).toBeGreaterThanOrEqual(count)
    },
    /** Kills it, and gives the number that it said last. */
    async kill(): Promise<number> {
      child.kill('SIGKILL')
      await ended
      return last()
    },
  }
}
