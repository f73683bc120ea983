import { expect, test } from 'vitest'
import { createScheduler, type Scheduler } from '../src/scheduler.ts'
import { seededRandom } from '../src/seeded-random.ts'

async function hops(count: number): Promise<void> {
  for (let hop = 0; hop < count; hop += 1) await Promise.resolve()
}

function order(seed: number, plan: (scheduler: Scheduler, happened: (what: string) => void) => void) {
  const scheduler = createScheduler(seededRandom(seed, 1))
  const seen: string[] = []
  plan(scheduler, (what) => seen.push(`${scheduler.now()} ${what}`))
  return scheduler.run(10_000, () => true).then((end) => ({ end, seen }))
}

test('events happen by their time, which stands still in between', async () => {
  const { end, seen } = await order(1, (scheduler, happened) => {
    scheduler.after(30, () => happened('last'))
    scheduler.after(5, () => {
      happened('first')
      scheduler.after(5, () => happened('second'))
    })
  })
  expect(end).toBe('quiet')
  expect(seen).toEqual(['5 first', '10 second', '30 last'])
})

test('an event is over with all that its promises do, however long their chains', async () => {
  const { seen } = await order(1, (scheduler, happened) => {
    scheduler.after(1, () => {
      void hops(5_000).then(() => happened('the end of the chain'))
    })
    scheduler.after(1, () => {
      void Promise.all([hops(10), hops(100)]).then(() => happened('the end of another'))
    })
    scheduler.after(2, () => happened('the next event'))
  })
  expect(seen.at(-1)).toBe('2 the next event')
  expect(seen).toHaveLength(3)
})

test('what is due at one time happens in an order that the seed decides', async () => {
  const plan = (scheduler: Scheduler, happened: (what: string) => void): void => {
    for (const name of ['a', 'b', 'c', 'd']) scheduler.after(1, () => happened(name))
  }
  const orders = await Promise.all(Array.from({ length: 50 }, (_, seed) => order(seed, plan)))
  const again = await Promise.all(Array.from({ length: 50 }, (_, seed) => order(seed, plan)))
  expect(again).toEqual(orders)
  expect(new Set(orders.map(({ seen }) => seen.join(' '))).size).toBeGreaterThan(10)
})

test('what is taken back does not happen, and what is later than the end is late', async () => {
  const { end, seen } = await order(1, (scheduler, happened) => {
    scheduler.after(5, () => happened('never'))()
    scheduler.after(20_000, () => happened('too late'))
  })
  expect(end).toBe('late')
  expect(seen).toEqual([])
})
