import type { MigrationRequest } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { displayFindings } from '../src/facts/display.ts'
import { spiceHost, spiceServer } from '../src/guest/spice.ts'

const codes = (...words: readonly string[]) =>
  displayFindings('web1', ['qemu-system-x86_64', ...words], bound('beta')).map(
    ({ severity, code }) => `${severity} ${code}`,
  )

test.each([
  ['-vnc', ':1,password=on'],
  ['-vnc', ':1,password'],
  ['-display', 'vnc=unix:/run/vnc.sock,password=on'],
])('a password for VNC that only its QEMU knows is warned about: %s %s', (...words) => {
  expect(codes(...words)).toEqual(['warning vnc-password'])
})

test.each([
  ['-vnc', ':1'],
  ['-vnc', ':1,password=off'],
  ['-vnc', ':1,password-secret=sec0'],
  ['-display', 'none'],
])('one that moves with the guest, or none, is not: %s %s', (...words) => {
  expect(codes(...words)).toEqual([])
})

/** To whom a request goes, and by which URI. */
function bound(host: string | null, uri: string | null = null): MigrationRequest {
  return { target: { uri: { host } }, uri: uri && { host: uri } } as unknown as MigrationRequest
}

test.each([
  'port=5930,disable-ticketing=on',
  'port=5930,sasl=on',
  'port=5930,password-secret=ticket',
  'tls-port=5931,password=sesame,x509-dir=/etc/pki/qemu',
])('clients of SPICE follow the guest: %s', (spice) => {
  expect(codes('-spice', spice)).toEqual([])
})

test.each([
  'addr=127.0.0.1,port=5930,disable-ticketing=on',
  'unix=on,addr=/run/web1.spice,disable-ticketing=on',
])('clients that only the host can reach are told to connect anew: %s', (spice) => {
  expect(codes('-spice', spice)).toEqual(['warning spice-clients'])
})

test('a password for SPICE that only its QEMU knows is warned about', () => {
  expect(codes('-spice', 'port=5930')).toEqual(['warning spice-password'])
})

test.each([
  ['port=5930', 'beta', null, 'beta'],
  ['port=5930', 'beta', '10.0.0.2', 'beta'],
  ['port=5930,addr=0.0.0.0', null, '10.0.0.2', '10.0.0.2'],
  ['port=5930,addr=192.0.2.7', 'beta', null, '192.0.2.7'],
  ['port=5930', null, null, null],
  ['port=5930,addr=::1', 'beta', null, null],
])('with -spice %s, a connection to %s and a migration URI of %s clients are sent to %s', (...given) => {
  const [spice, host, uri, expected] = given
  const server = spiceServer(['qemu', '-spice', spice])
  expect(server && spiceHost(server, bound(host, uri))).toBe(expected)
})
