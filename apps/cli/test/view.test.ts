import { readFileSync } from 'node:fs'
import type { MigrationEvent } from '@vmferry/core'
import { describe, expect, test } from 'vitest'
import type { View } from '../src/frame.ts'
import { jsonView } from '../src/json-view.ts'
import { plainView } from '../src/plain-view.ts'
import { terminalView } from '../src/terminal-view.ts'

const VOYAGE = { domain: 'web1', source: 'test:///default', target: 'test:///other' }

/** Events as `vmferry migrate --json` printed them. */
function recording(name: string): MigrationEvent[] {
  const text = readFileSync(new URL(`fixtures/${name}.jsonl`, import.meta.url), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as MigrationEvent)
}

function lines(view: View, name: string): string[] {
  return recording(name).flatMap((event) => view(event).lines)
}

describe('plain lines', () => {
  test('tell the way, each phase, progress at most every 5 seconds, and the figures of the end', () => {
    expect(lines(plainView(VOYAGE), 'migrated')).toEqual([
      'check',
      'web1: test:///default -> test:///other by memory (both hosts are in this process)',
      'begin',
      'prepare',
      'perform',
      '  round 1, 768 KiB of 64 MiB',
      '  round 1, 48.8 MiB of 64 MiB, 79.4 Mbps, 3.4 s left',
      '  round 2, 96.3 MiB of 97.8 MiB, 79 Mbps, 159 ms left',
      'ready',
      'hand-over',
      'finish',
      '  switched over, downtime 3.6 s',
      'confirm',
      'migrated: web2 is now on test:///other, downtime 3.6 s, total 10.3 s, 97.8 MiB sent, 2 rounds',
    ])
  })

  test.each([
    ['rolled-back', 'rolled back: web1 is still on test:///default, total '],
    ['refused', 'rolled back: web1 is still on test:///default, total '],
    ['in-doubt', 'in doubt: look at both hosts before anything else, total '],
    ['lost', 'lost: no copy of web1 is left, total '],
  ])('end a migration that was %s with its outcome', (name, end) => {
    expect(lines(plainView(VOYAGE), name).at(-1)).toContain(end)
  })

  test('name what is left behind, with the command that ends it', () => {
    const [warning, , left] = lines(plainView(VOYAGE), 'source-copy-left').slice(-3)
    expect(warning).toMatch(/^warning: a stopped copy is left on .* \(source-copy-left\)$/)
    expect(left).toMatch(/^left on the source: .*vmferry stop test:\/\/\/default web1 --force$/)
  })

  test('obey no escape sequence in the words of a host', () => {
    const event = recording('source-copy-left').find(({ type }) => type === 'warning')
    const hostile = { ...event, message: 'a\u001b[2Jb' } as MigrationEvent
    expect(plainView(VOYAGE)(hostile).lines[0]).toBe('warning: a\ufffd[2Jb (source-copy-left)')
  })

  test('say nothing of an event that they do not know', () => {
    const later = { ...recording('migrated')[0], type: 'later' } as unknown as MigrationEvent
    expect(plainView(VOYAGE)(later)).toEqual({ lines: [] })
    expect(terminalView(VOYAGE, () => 80)(later).lines).toEqual([])
  })
})

describe('the live line', () => {
  test.each([20, 40, 60, 80, 200])('is never wider than a screen of %i columns', (columns) => {
    const view = terminalView(VOYAGE, () => columns)
    for (const event of recording('migrated')) {
      const { live = '' } = view(event)
      expect(live.length).toBeLessThan(columns)
    }
  })

  test('has phase, round, bar, share, rate and time left while the guest is copied', () => {
    const view = terminalView(VOYAGE, () => 80)
    const drawn = recording('migrated').map((event) => view(event).live)
    const half = drawn.find((live) => live?.includes('50%'))
    expect(half).toBe('web1  perform 1  [=================>               ]   50%  79.9 Mbps  7 s left')
    expect(drawn[0]).toBe('web1  check')
  })

  test('follows the window when that is made smaller', () => {
    let columns = 80
    const view = terminalView(VOYAGE, () => columns)
    const events = recording('migrated')
    for (const event of events.slice(0, 20)) view(event)
    columns = 30
    expect(view(events[20] as MigrationEvent).live).toHaveLength(29)
  })

  test('is gone at the end, in the place of which the outcome stays', () => {
    const view = terminalView(VOYAGE, () => 80)
    const last = recording('migrated').map(view).at(-1)
    expect(last?.live).toBeUndefined()
    expect(last?.lines).toEqual([
      'migrated: web2 is now on test:///other, downtime 3.6 s, total 10.3 s, 97.8 MiB sent, 2 rounds',
    ])
  })
})

test('a JSON line is the event as it came', () => {
  const view = jsonView()
  for (const event of recording('migrated')) expect(JSON.parse(view(event).lines[0] ?? '')).toEqual(event)
})
