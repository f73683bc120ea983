import { systemClock } from '@vmferry/core'
import type { QmpClient } from '@vmferry/qmp'
import { expect, test } from 'vitest'
import { dirtyRate } from '../src/facts/dirty-rate.ts'

const call = { signal: new AbortController().signal }
const KNOWN = new Set(['calc-dirty-rate', 'query-dirty-rate'])
const GIBIBYTE = 1024 ** 3

/** A monitor that measures for as long as the answers say, on a clock that does not wait. */
function measuring(answers: readonly object[]) {
  const asked: [string, object][] = []
  const left = [...answers]
  const execute = async (command: string, given: object): Promise<object> => {
    asked.push([command, given])
    return command === 'query-dirty-rate' ? (left.shift() ?? answers.at(-1) ?? {}) : {}
  }
  return { asked, monitor: { execute } as unknown as QmpClient }
}

function hastyClock() {
  let now = 0
  return {
    ...systemClock,
    monotonic: () => now,
    schedule(ms: number, then: () => void) {
      queueMicrotask(() => {
        now += ms
        then()
      })
      return () => {}
    },
  }
}

test('what is measured is asked for until it is there, and told in bytes', async () => {
  const { asked, monitor } = measuring([
    { status: 'measuring' },
    { status: 'measured', 'dirty-rate': 32, 'calc-time': 1 },
  ])
  expect(await dirtyRate(monitor, KNOWN, 2 * GIBIBYTE, hastyClock(), call)).toBe(32 * 1024 ** 2)
  expect(asked.map(([command]) => command)).toEqual([
    'calc-dirty-rate',
    'query-dirty-rate',
    'query-dirty-rate',
  ])
  expect(asked[0]?.[1]).toEqual({ 'calc-time': 1, 'sample-pages': 8192 })
})

test.each([
  ['a small guest', GIBIBYTE / 8, 16_384],
  ['a large guest', 512 * GIBIBYTE, 512],
])('%s is sampled within what QEMU takes', async (_what, memoryBytes, samples) => {
  const { asked, monitor } = measuring([{ status: 'measured', 'dirty-rate': 0 }])
  expect(await dirtyRate(monitor, KNOWN, memoryBytes, hastyClock(), call)).toBe(0)
  expect(asked[0]?.[1]).toMatchObject({ 'sample-pages': samples })
})

test('a QEMU without that command is asked nothing, and one that never ends is given up', async () => {
  const old = measuring([])
  expect(await dirtyRate(old.monitor, new Set(), GIBIBYTE, hastyClock(), call)).toMatch(/cannot measure/)
  expect(old.asked).toEqual([])
  const { monitor } = measuring([{ status: 'measuring' }])
  expect(await dirtyRate(monitor, KNOWN, GIBIBYTE, hastyClock(), call)).toMatch(/did not end/)
})
