import type { QmpClient } from '@vmferry/qmp'
import { expect, test } from 'vitest'
import { listenTo } from '../src/migration/heard.ts'

/** A monitor that says what it is told to say. */
function monitor() {
  const listeners = new Map<string, (event: object) => void>()
  let resolve: (value: null) => void = () => {}
  const closed = new Promise<null>((done) => {
    resolve = done
  })
  const client = { closed, on: (name: string, hear: (event: object) => void) => listeners.set(name, hear) }
  return {
    client: client as unknown as QmpClient,
    say: (name: string, data: object = {}) => listeners.get(name)?.({ data }),
    async close() {
      resolve(null)
      await closed
    },
  }
}

test('the last word counts: a guest that somebody runs again is not stopped', () => {
  const { client, say } = monitor()
  const heard = listenTo(client)
  expect([heard.copied(), heard.guest()]).toEqual([null, null])
  say('STOP')
  say('MIGRATION', { status: 'completed' })
  expect([heard.copied(), heard.guest()]).toEqual(['completed', 'stopped'])
  say('RESUME')
  expect(heard.guest()).toBe('runs')
})

test('nothing is known of a QEMU whose monitor has gone', async () => {
  const { client, say, close } = monitor()
  const heard = listenTo(client)
  say('STOP')
  say('MIGRATION', { status: 'completed' })
  await close()
  expect([heard.copied(), heard.guest()]).toEqual([null, null])
})
