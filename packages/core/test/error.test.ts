import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { changedSinceCheck, unlessAborted } from '../src/driver/index.ts'

test('a guest that has changed is refused by name, with what is different where that is known', () => {
  expect(changedSinceCheck('web1', 'alpha')).toMatchObject({
    code: 'VM_PHASE_FAILED',
    message: "'web1' on alpha is not what it was when it was checked",
    host: 'alpha',
    remedy: 'migrate it again',
  })
  const { message } = changedSinceCheck('web1', 'alpha', ['memoryBytes', 'files'])
  expect(message).toMatch(/when it was checked: memoryBytes, files$/)
})

test('what is waited for comes, or its failure, and nobody listens to the signal any more', async () => {
  const { signal } = new AbortController()
  expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7)
  await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('a signal that fires, before or while one waits, ends the wait with its error', async () => {
  const stop = new AbortController()
  const never = new Promise(() => {})
  const waiting = unlessAborted(never, stop.signal, 'the copying')
  stop.abort(new Error('enough'))
  const aborted = { code: 'VM_ABORTED', message: 'the copying was aborted: enough' }
  await expect(waiting).rejects.toMatchObject(aborted)
  await expect(unlessAborted(never, stop.signal, 'the copying')).rejects.toMatchObject(aborted)
})
