import { abortError, type EffectOptions } from '@vmferry/core/driver'
import type { QmpClient } from '@vmferry/qmp'
import { expect, test } from 'vitest'
import { whileDisksWork } from '../src/migration/disk-error.ts'
import type { Turn } from '../src/migration/post-copy.ts'

/** As QEMU 7.2 says it of a blkdebug that injects EIO. */
const ERROR = {
  device: 'data',
  'node-name': '#block157',
  operation: 'write',
  action: 'ignore',
  nospace: false,
  reason: 'Input/output error',
}

/** A copy that ends when it is broken off, as that of a guest whose disk fails at once. */
function copied(abortOnError: boolean, told = false) {
  let fail = (): void => {}
  const on = (_: string, hear: (event: object) => void): (() => void) => {
    fail = () => hear({ data: ERROR })
    return () => {}
  }
  const watched = { host: 'alpha', request: { abortOnError }, turn: { told } as Turn }
  const call = { signal: new AbortController().signal } as EffectOptions
  return whileDisksWork({ on } as unknown as QmpClient, watched, call, async ({ signal }) => {
    fail()
    if (signal.aborted) throw abortError(signal, 'the copy')
    return 'done'
  })
}

test('a disk that fails breaks the copy off, and is told by its name and in its words', async () => {
  await expect(copied(true)).rejects.toMatchObject({
    code: 'VM_PHASE_FAILED',
    message: 'the guest on alpha had an I/O error with data (write) while it was copied',
    causes: [{ host: 'alpha', words: 'Input/output error' }],
  })
})

test('it does not where nobody asked for it, nor once the copy can only go forward', async () => {
  expect(await copied(false)).toBe('done')
  expect(await copied(true, true)).toBe('done')
})
