import { isVmError } from '@vmferry/core/driver'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type QmpClient, qmp } from '../src/index.ts'
import { fakeMonitor, GREETING } from './fake-monitor.ts'

const CODES = new Set(['VM_CONNECTION', 'VM_PROTOCOL', 'VM_PHASE_FAILED'])

/** What a hostile or broken peer may say. */
const noise = fc.oneof(
  { weight: 4, arbitrary: fc.json({ maxDepth: 3 }).map((text) => `${text}\r\n`) },
  {
    weight: 2,
    arbitrary: fc
      .dictionary(
        fc.constantFrom('event', 'return', 'error', 'id', 'data', 'QMP', '__proto__'),
        fc.jsonValue({ maxDepth: 2 }),
      )
      .map((value) => JSON.stringify(value)),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '{"event":"STOP"}',
      '{"return":{}',
      '{"a":"\\',
      '}',
      ' ',
      GREETING,
      '{"error":{},"id":null}',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
)

const chunks = fc.array(noise, { maxLength: 6 }).chain((parts) => {
  const bytes = Buffer.from(parts.join(''), 'latin1')
  return fc
    .array(fc.nat(bytes.length), { maxLength: 4 })
    .map((cuts) => [0, ...cuts.toSorted((a, b) => a - b), bytes.length])
    .map((edges) => edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge)))
})

test('whatever a peer says, every promise settles with a typed error and the process lives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), chunks, async (negotiated, said) => {
      const monitor = fakeMonitor()
      const connecting: Promise<QmpClient> = negotiated ? monitor.connect() : qmp(monitor.stream)
      const outcomes: Promise<unknown>[] = []
      const client = negotiated ? await connecting : undefined
      if (client === undefined) outcomes.push(connecting)
      else {
        outcomes.push(client.execute('query-status'), client.waitFor('NEVER'), client.closed)
        await monitor.next()
      }
      for (const chunk of said) monitor.say(chunk)
      monitor.hangUp()
      for (const outcome of await Promise.allSettled(outcomes)) {
        const reason: unknown = outcome.status === 'rejected' ? outcome.reason : outcome.value
        expect(isVmError(reason) && CODES.has(reason.code)).toBe(true)
      }
      expect(monitor.stream.destroyed).toBe(true)
    }),
    { numRuns: 2000, interruptAfterTimeLimit: 5000, markInterruptAsFailure: false },
  )
})

const plain = fc.object({ values: [fc.string(), fc.maxSafeInteger(), fc.boolean()], maxDepth: 3 })

test('a connection cut into any chunks carries any command and its reply', async () => {
  await fc.assert(
    fc.asyncProperty(plain, fc.integer({ min: 1, max: 50 }), async (value, size) => {
      const monitor = fakeMonitor()
      const client = await monitor.connect()
      const call = client.raw('echo')
      const reply = Buffer.from(`${JSON.stringify({ return: value, id: (await monitor.next()).id })}\r\n`)
      for (let at = 0; at < reply.length; at += size) monitor.say(reply.subarray(at, at + size))
      expect(await call).toEqual(value)
      await client.close()
    }),
    { numRuns: 300, interruptAfterTimeLimit: 4000, markInterruptAsFailure: false },
  )
})
