import { expect, test } from 'vitest'
import { asked } from '../src/command-line.ts'

test('without a word it simulates ten thousand seeds on all cores', () => {
  expect(asked([])).toMatchObject({
    seeds: 10_000,
    from: 0,
    fencing: null,
    seed: null,
    json: false,
    result: null,
  })
})

test('a seed is played alone, as it was drawn or with another fencing', () => {
  expect(asked(['--seed', '42', '--trace', '--fencing', 'none'])).toMatchObject({
    seed: 42,
    trace: true,
    fencing: 'none',
  })
})

test.each([[['--seeds', 'many']], [['--seed', '-1']], [['--fencing', 'wire']], [['--unknown']], [['word']]])(
  '%j does not parse',
  (words) => {
    expect(() => asked(words)).toThrow(/./)
  },
)
