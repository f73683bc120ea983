import { expect, test } from 'vitest'
import { tell } from '../src/fence/step.ts'

const REFUSED = '{"id": "a", "error": {"class": "GenericError", "desc": "Failed to get \\"write\\" lock"}}\r'

test('an answer of QEMU is what it returned', () => {
  const status = { running: true, singlestep: false, status: 'running' }
  expect(tell('query-status').read?.(`{"return": ${JSON.stringify(status)}, "id": "b"}\r`)).toEqual(status)
})

test('what QEMU refuses is told in its own words, with the command that it refused', () => {
  expect(tell('cont').refusal?.(REFUSED, 'beta')).toMatchObject({
    code: 'VM_PHASE_FAILED',
    message: 'QEMU on beta refused cont: Failed to get "write" lock',
    causes: [{ host: 'beta', words: 'Failed to get "write" lock' }],
  })
})
