import { expect, test } from 'vitest'
import { afterwards } from '../src/migration/afterwards.ts'

/** A clock on which each wait that was asked for is over when told. */
function handClock() {
  const waits = new Set<() => void>()
  return {
    waits,
    now: () => 0,
    monotonic: () => 0,
    schedule(_: number, wake: () => void) {
      waits.add(wake)
      return () => void waits.delete(wake)
    },
  }
}

test('whoever closes waits for what goes on, however it ends, and leaves no timer', async () => {
  const clock = handClock()
  const later = afterwards(clock)
  await later.ended(10_000)
  const fail = new AbortController()
  later.add(
    new Promise((_, reject) => {
      fail.signal.addEventListener('abort', reject)
    }),
  )
  let over = false
  const ended = later.ended(10_000).then(() => (over = true))
  await Promise.resolve()
  expect(over).toBe(false)
  fail.abort()
  await ended
  expect(clock.waits.size).toBe(0)
})

test('the wait has an end', async () => {
  const clock = handClock()
  const later = afterwards(clock)
  later.add(new Promise(() => {}))
  const ended = later.ended(10_000)
  for (const wake of clock.waits) wake()
  await expect(ended).resolves.toBeUndefined()
})
