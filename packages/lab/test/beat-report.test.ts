import { readFileSync } from 'node:fs'
import type { Beat } from '@vmferry/lab'
import { beatReport, parseBeat } from '@vmferry/lab'
import { describe, expect, it } from 'vitest'

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
/** A guest that QEMU 7.2 moved from alpha to beta: 30 beats before, 30 after. */
const moved = JSON.parse(fixture('moved.json')) as readonly Beat[]
const at = (index: number): Beat => moved[index]!

describe('a line of a guest', () => {
  it('is read with its tick, cookie and state', () => {
    expect(parseBeat('0000002a 7c3e k')).toEqual({ tick: 42, cookie: '7c3e', ok: true })
    expect(parseBeat('0000002a 7c3e B00a3f000\r')).toEqual({
      tick: 42,
      cookie: '7c3e',
      ok: false,
      badAddress: 0xa3f000,
    })
  })

  it.each(['', '002a 7c3e k', '0000002a 7c3e', '0000002a 7c3e B00', '0000002a 7c3e k0000002b', 'Booting'])(
    'is nothing when it is torn or not a beat: %j',
    (line) => {
      expect(parseBeat(line)).toBeUndefined()
    },
  )

  it('keeps its bad state in a recording from the first wrong word on', () => {
    const lines = fixture('corrupted.txt').trimEnd().split('\n')
    const beats = lines.map((line) => parseBeat(line))
    const first = beats.findIndex((beat) => beat?.ok === false)
    expect(first).toBe(8)
    expect(beats.slice(first).every((beat) => beat?.badAddress === 0xa00000)).toBe(true)
  })
})

describe('the report', () => {
  it('tells of a move what was heard outside', () => {
    const report = beatReport(moved, { now: 900 })
    const gapMs = at(30).at - at(29).at - 4
    expect(report).toMatchObject({ count: 60, first: at(0), last: at(59), cookies: [at(0).cookie] })
    expect(report).toMatchObject({ lost: 0, backwards: 0, corrupt: false, doubled: 0 })
    expect(report.handOvers).toEqual([{ from: 'alpha', to: 'beta', gapMs, lostTicks: 0 }])
  })

  it('knows who is alive at its moment', () => {
    const { alive } = beatReport(moved, { now: at(59).at + 10 })
    expect(alive('beta', 11)).toBe(true)
    expect(alive('beta', 9)).toBe(false)
    expect(alive('alpha', 11)).toBe(false)
    expect(alive('alpha', 10_000)).toBe(true)
    expect(alive('gamma', 10_000)).toBe(false)
  })

  it('counts beats that nobody heard, and those lost at the hand-over', () => {
    const report = beatReport(moved.filter((_, index) => index !== 7 && index !== 30 && index !== 31))
    expect(report.lost).toBe(3)
    expect(report.backwards).toBe(0)
    expect(report.handOvers).toMatchObject([{ lostTicks: 2 }])
  })

  it('does not take another order of reading for a fall or an overlap', () => {
    const swapped = [...moved.slice(0, 29), at(30), at(29), ...moved.slice(31)]
    expect(beatReport(swapped)).toMatchObject({ lost: 0, backwards: 0, doubled: 0 })
    expect(beatReport(swapped).handOvers).toHaveLength(1)
  })

  it('shows two hosts that run the same guest', () => {
    const twin = moved.slice(30, 40).map((beat) => ({ ...beat, host: 'alpha', at: beat.at + 1 }))
    const report = beatReport([...moved, ...twin])
    expect(report.doubled).toBe(40)
    expect(report.backwards).toBe(1)
  })

  it('shows an older state that runs again on one host', () => {
    const again = moved.slice(50).map((beat) => ({ ...beat, at: beat.at + 100 }))
    expect(beatReport([...moved, ...again])).toMatchObject({ backwards: 1, doubled: 0, lost: 0 })
    expect(beatReport([...moved, ...again, ...again]).backwards).toBe(1)
  })

  it('shows a reboot by its cookie', () => {
    const reboot = moved.slice(0, 5).map((beat, index) => ({ ...beat, tick: index + 1, cookie: 'ffff' }))
    expect(beatReport([...moved, ...reboot])).toMatchObject({
      backwards: 1,
      lost: 0,
      cookies: [at(0).cookie, 'ffff'],
    })
  })

  it('shows corrupted memory', () => {
    expect(beatReport([...moved, { ...at(59), tick: at(59).tick + 1, ok: false }]).corrupt).toBe(true)
  })

  it('follows a guest there and back', () => {
    const back = moved.map((beat) => ({
      ...beat,
      tick: beat.tick + 60,
      host: beat.host === 'alpha' ? 'beta' : 'alpha',
    }))
    const path = beatReport([...moved, ...back]).handOvers.map(({ from, to }) => `${from}>${to}`)
    expect(path).toEqual(['alpha>beta', 'beta>alpha'])
  })

  it('is empty without beats', () => {
    expect(beatReport([])).toMatchObject({ count: 0, first: undefined, lost: 0, backwards: 0, handOvers: [] })
  })
})

it('a beat that nobody heard is not lost if QEMU wrote it down', () => {
  const beat = (tick: number, host: string): Beat => ({ at: tick * 4, host, tick, cookie: 'c0de', ok: true })
  const heard = [beat(1, 'alpha'), beat(2, 'alpha'), beat(5, 'beta')]
  expect(beatReport(heard).lost).toBe(2)
  const logged = [3, 4].map((tick) => ({ tick, cookie: 'c0de', ok: true }))
  expect(beatReport(heard, { logged }).lost).toBe(0)
  expect(beatReport(heard, { logged: logged.map((line) => ({ ...line, cookie: 'beef' })) }).lost).toBe(2)
})
