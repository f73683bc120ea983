import { vmError } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { answersIn, type Failure, verdictIn } from '../src/answer.ts'
import { mark, type Step } from '../src/step.ts'

const OF = { host: 'beta', domain: 'web1' }
const asked: Step = {
  words: ['ask', '', ''],
  read: (line) => JSON.parse(line) as unknown,
  refusal: (line, host) => vmError('VM_PHASE_FAILED', `${host} refused: ${line}`),
}
const STEPS = [mark(), asked, asked] as const
const failures = (guest: string): Record<number, Failure> => ({ 90: ['VM_UNSUPPORTED', `${guest} is old`] })

const answers = (stdout: string, code: number | null = 0) =>
  answersIn(OF, STEPS, failures, { code, stdout, stderr: 'its words\n' })

test('each step has its own answer, and those that ask nothing have none', () => {
  expect(answers('{"n":1}\r\n{"n":2}\r\n= 0\n')).toEqual([null, { n: 1 }, { n: 2 }])
})

test('an epoch that is too low is VM_STALE, and tells the one that is held', () => {
  expect(() => answers('3298534883328\n= 76\n')).toThrow(
    expect.objectContaining({
      code: 'VM_STALE',
      host: 'beta',
      epoch: 3298534883328,
      remedy: expect.any(String),
    }),
  )
})

test('what a step was refused is told by that step', () => {
  expect(() => answers('locked\n= 65\n')).toThrow('beta refused: locked')
})

test.each([
  [75, 'VM_BUSY'],
  [69, 'VM_CONNECTION'],
  [124, 'VM_TIMEOUT'],
  [90, 'VM_UNSUPPORTED'],
  [65, 'VM_PHASE_FAILED'],
  [1, 'VM_PHASE_FAILED'],
])('a script that ends with %i is %s, with what the host said', (verdict, code) => {
  expect(() => answers(`= ${verdict}\n`)).toThrow(
    expect.objectContaining({ code, host: 'beta', causes: [{ host: 'beta', words: 'its words' }] }),
  )
})

test('a script without a last line was cut off: nothing is known', () => {
  expect(verdictIn('{"n":1}\n')).toBeNull()
  expect(() => answers('{"n":1}\n', null)).toThrow(expect.objectContaining({ code: 'VM_CONNECTION' }))
  expect(() => answers('', 124)).toThrow(expect.objectContaining({ code: 'VM_TIMEOUT' }))
})
