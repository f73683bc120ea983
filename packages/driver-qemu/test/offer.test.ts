import type { Offer } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { changedIn } from '../src/facts/offer.ts'

const FILE = { path: '/images/web1.qcow2', writable: true, exists: true, identity: '4711 196608' }
const DISK = { path: FILE.path, node: '#block1', format: 'qcow2', bytes: 2 ** 30, unfit: null }

function offer(more: Partial<Offer> = {}, cookie: Offer['cookie'] = {}): Offer {
  return {
    domain: 'web1',
    uuid: null,
    stream: 'qemu',
    runState: 'running',
    memoryBytes: 2 ** 29,
    definition: { name: 'web1', argv: ['qemu'] },
    cookie: {
      version: '10.0.13',
      files: [FILE],
      disks: [{ ...DISK, allocated: 196_608 }],
      address: '10.77.0.2',
      tls: null,
      ...cookie,
    },
    ...more,
  }
}

test('an image that has grown, and what was found in the network, make no other guest', () => {
  const grown = { files: [{ ...FILE, identity: '4711 262144' }], disks: [{ ...DISK, allocated: 262_144 }] }
  expect(changedIn(offer(), offer())).toEqual([])
  const elsewhere = offer({}, { ...grown, address: '10.77.0.3', tls: { kind: 'psk' } })
  expect(changedIn(offer(), elsewhere)).toEqual([])
})

test('what is different is told by its names', () => {
  const cases: readonly (readonly [Offer, readonly string[]])[] = [
    [offer({ runState: 'paused' }), ['runState']],
    [offer({ memoryBytes: 2 ** 30 }), ['memoryBytes']],
    [offer({ definition: { name: 'web1', argv: ['qemu', '-S'] } }), ['definition']],
    [offer({}, { files: [{ ...FILE, identity: '4712 196608' }] }), ['files']],
    [offer({}, { disks: [{ ...DISK, bytes: 2 ** 31, allocated: 1 }] }), ['disks']],
    [offer({ runState: 'paused' }, { version: '11.1.2' }), ['runState', 'version']],
  ]
  for (const [now, names] of cases) expect(changedIn(offer(), now)).toEqual(names)
})
