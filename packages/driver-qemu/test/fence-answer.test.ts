import { expect, test } from 'vitest'
import { answersIn, verdictIn } from '../src/fence/answer.ts'
import { mark, tell } from '../src/fence/step.ts'

const OF = { host: 'beta', domain: 'web1' }
const STEPS = [mark(), tell('cont'), tell('query-status')] as const

const answers = (stdout: string, code: number | null = 0) =>
  answersIn(OF, STEPS, { code, stdout, stderr: 'its words\n' })

test('each step has its own answer, and those that ask nothing have none', () => {
  const status = { running: true, singlestep: false, status: 'running' }
  const stdout = `{"return": {}, "id": "a"}\r\n{"return": ${JSON.stringify(status)}, "id": "b"}\r\n= 0\n`
  expect(answers(stdout)).toEqual([null, {}, status])
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

test('what QEMU refuses is told in its own words, with the command that it refused', () => {
  const stdout =
    '{"id": "a", "error": {"class": "GenericError", "desc": "Failed to get \\"write\\" lock"}}\r\n= 65\n'
  expect(() => answers(stdout)).toThrow(
    expect.objectContaining({
      code: 'VM_PHASE_FAILED',
      message: 'QEMU on beta refused cont: Failed to get "write" lock',
      causes: [{ host: 'beta', words: 'Failed to get "write" lock' }],
    }),
  )
})

test.each([
  [75, 'VM_BUSY'],
  [69, 'VM_CONNECTION'],
  [124, 'VM_TIMEOUT'],
  [78, 'VM_UNSUPPORTED'],
  [1, 'VM_PHASE_FAILED'],
])('a script that ends with %i is %s, with what the host said', (verdict, code) => {
  expect(() => answers(`= ${verdict}\n`)).toThrow(
    expect.objectContaining({ code, host: 'beta', causes: [{ host: 'beta', words: 'its words' }] }),
  )
})

test('a script without a last line was cut off: nothing is known', () => {
  expect(verdictIn('{"return": {}}\n')).toBeNull()
  expect(() => answers('{"return": {}}\n', null)).toThrow(expect.objectContaining({ code: 'VM_CONNECTION' }))
  expect(() => answers('', 124)).toThrow(expect.objectContaining({ code: 'VM_TIMEOUT' }))
})
