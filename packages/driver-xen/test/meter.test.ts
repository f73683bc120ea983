import { expect, test } from 'vitest'
import { streamMeter } from '../src/stream/meter.ts'

function u32(...numbers: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 4))
  for (const [at, number] of numbers.entries()) view.setUint32(at * 4, number, true)
  return new Uint8Array(view.buffer)
}

function pages(...numbers: readonly number[]): Uint8Array[] {
  const list = new DataView(new ArrayBuffer(numbers.length * 8))
  for (const [at, number] of numbers.entries()) list.setBigUint64(at * 8, (1n << 60n) | BigInt(number), true)
  const body = numbers.length * 4096
  return [
    u32(1, 8 + numbers.length * 8 + body),
    u32(numbers.length, 0),
    new Uint8Array(list.buffer),
    new Uint8Array(body),
  ]
}

/** In the layout that was read from a stream of Xen 4.17.7. */
function stream(): Uint8Array {
  const magic = new TextEncoder().encode('Xen saved domain, xl format\n \0 \r')
  const parts = [
    magic,
    u32(0x01020304, 3, 0, 840),
    new Uint8Array(840),
    new TextEncoder().encode('LibxlFmt'),
    new Uint8Array(8),
    u32(1, 0),
    new Uint8Array(24 + 16),
    u32(0x11, 1224),
    new Uint8Array(1224),
    u32(0x12, 30),
    new Uint8Array(32),
    ...pages(0, 1, 2, 900),
    ...pages(901, 902),
    ...pages(5, 6),
    ...pages(5),
    u32(8, 24),
    new Uint8Array(24),
    u32(0, 0),
    u32(0, 0),
  ]
  return new Uint8Array(Buffer.concat(parts))
}

test.each([1, 7, 64, 4096, 1 << 20])('a stream that comes in pieces of %i bytes is counted', (size) => {
  const whole = stream()
  const meter = streamMeter()
  for (let at = 0; at < whole.length; at += size) meter.read(whole.subarray(at, at + size))
  expect(meter.figures()).toEqual({ bytes: whole.length, rounds: 3, pages: 1 })
})

test('a stream in another format is counted in bytes only', () => {
  const meter = streamMeter()
  meter.read(new Uint8Array(5000).fill(7))
  meter.read(new Uint8Array(5000))
  expect(meter.figures()).toEqual({ bytes: 10_000, rounds: 0, pages: 0 })
})
