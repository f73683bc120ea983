import { expect, test } from 'vitest'
import { displayFindings } from '../src/facts/display.ts'

const codes = (...words: readonly string[]) =>
  displayFindings('web1', ['qemu-system-x86_64', ...words]).map(({ severity, code }) => `${severity} ${code}`)

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

test('clients of SPICE are told to connect anew', () => {
  expect(codes('-spice', 'port=5930,disable-ticketing=on')).toEqual(['warning spice-clients'])
})
