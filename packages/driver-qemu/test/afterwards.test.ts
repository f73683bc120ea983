import { expect, test } from 'vitest'
import { afterwards } from '../src/migration/afterwards.ts'

test('whoever closes waits for what goes on, however it ends', async () => {
  const later = afterwards()
  await later.ended()
  const fail = new AbortController()
  later.add(
    new Promise((_, reject) => {
      fail.signal.addEventListener('abort', reject)
    }),
  )
  let over = false
  const ended = later.ended().then(() => (over = true))
  await Promise.resolve()
  expect(over).toBe(false)
  fail.abort()
  await ended
})
