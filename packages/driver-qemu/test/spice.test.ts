import { type HostChannel, type MigrationRequest, type Ticket, vmError } from '@vmferry/core/driver'
import { type Fence } from '@vmferry/fence'
import type { SpiceInfo } from '@vmferry/qmp'
import { expect, test } from 'vitest'
import { clientsFollow, clientsGone, withSpice } from '../src/migration/spice.ts'

const call = { signal: new AbortController().signal }

const TICKET: Ticket = { transport: 'tcp', endpoints: { ram: 'beta:5000' }, cookie: { name: 'beta' } }

/** What QEMU 7.2 says where nobody has connected. */
const IDLE: SpiceInfo = { enabled: true, migrated: false, auth: 'spice', host: '0.0.0.0', channels: [] }

/** A QEMU that says this of its SPICE, the last again and again. */
function saying(...answers: readonly Partial<SpiceInfo>[]): Fence & { readonly asked: () => number } {
  let asked = 0
  const ask = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)]
    asked += 1
    return [{ ...IDLE, ...answer }]
  }
  return { ask, asked: () => asked } as unknown as Fence & { asked: () => number }
}

const request = { uri: null, target: { uri: { host: 'beta' } } } as unknown as MigrationRequest

function ticketOf(spice: string, says: Partial<SpiceInfo> = { port: 5930 }): Promise<Ticket> {
  const readFile = async () => {
    throw vmError('VM_NOT_FOUND', 'no such file')
  }
  const at = { host: { readFile } as unknown as HostChannel, fence: saying(says) }
  return withSpice(at, { argv: ['qemu', '-spice', spice], request }, TICKET, call)
}

test('the target tells where its SPICE is, beside what else is in the ticket', async () => {
  const spice = { protocol: 'spice', hostname: 'beta', port: 5930 }
  expect(await ticketOf('port=5930,disable-ticketing=on')).toEqual({
    ...TICKET,
    cookie: { name: 'beta', spice },
  })
  const ports = { port: 5930, 'tls-port': 5931 }
  const both = await ticketOf('port=5930,tls-port=5931,x509-dir=/pki,sasl=on', ports)
  expect(both.cookie?.['spice']).toEqual({ ...spice, 'tls-port': 5931 })
})

test.each(['port=5930', 'port=5930,addr=127.0.0.1,disable-ticketing=on'])(
  'nobody is sent to a SPICE that is not for them: %s',
  async (spice) => {
    expect(await ticketOf(spice)).toBe(TICKET)
  },
)

const SENT: Ticket = { ...TICKET, cookie: { spice: { protocol: 'spice', hostname: 'beta', port: 5930 } } }
const CLIENT = { channels: [{ host: '10.0.0.9' }] }

test('clients that the source has are sent after the guest, and only those', async () => {
  const [step, ...others] = await clientsFollow(saying(CLIENT), SENT, call)
  expect(others).toEqual([])
  const given = { protocol: 'spice', hostname: 'beta', port: 5930 }
  expect(step?.words).toEqual([
    'try',
    JSON.stringify({ execute: 'client_migrate_info', arguments: given }),
    '',
  ])
  expect(await clientsFollow(saying({}), SENT, call)).toEqual([])
  const nobody = saying(CLIENT)
  expect(await clientsFollow(nobody, TICKET, call)).toEqual([])
  expect(nobody.asked()).toBe(0)
})

test('the source waits for its clients, as long as SPICE gives them', async () => {
  let now = 0
  const clock = {
    now: () => now,
    monotonic: () => now,
    schedule(ms: number, wake: () => void) {
      now += ms
      queueMicrotask(wake)
      return () => {}
    },
  }
  const soon = saying(CLIENT, CLIENT, { ...CLIENT, migrated: true })
  await clientsGone(soon, clock, call)
  expect(soon.asked()).toBe(3)
  await clientsGone(saying(CLIENT), clock, call)
  expect(now).toBeGreaterThan(12_000)
  expect(now).toBeLessThan(13_000)
})
