import { consoleBeats } from '@vmferry/lab'
import { expect, it } from 'vitest'

const beats = (...texts: string[]) =>
  consoleBeats(texts.map((text, index) => ({ host: `h${index}`, text }))).map(({ host, tick, ok }) => [
    host,
    tick,
    ok,
  ])

it('the beats of a guest go on from one console log to the next, also in the middle of a line', () => {
  const alpha = 'Linux version\r\n00000001 7c3e k\r\n00000002 7c'
  const beta = '3e k\r\n00000003 7c3e B00000000\r\n00000004 7'
  expect(beats(alpha, beta)).toEqual([
    ['h0', 1, true],
    ['h1', 2, true],
    ['h1', 3, false],
  ])
})

it('a log that is not there says nothing', () => {
  expect(beats('', '00000003 7c3e k\n')).toEqual([['h1', 3, true]])
})
