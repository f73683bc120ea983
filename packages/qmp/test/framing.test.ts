import { expect, test } from 'vitest'
import { framing } from '../src/framing.ts'
import { recordedSchema, recording, saidByQemu } from './recording.ts'

const LIMIT = 16 * 1024 * 1024

function cut(chunks: readonly Uint8Array[], limit: number = LIMIT): string[] {
  const frames = framing(limit)
  return chunks.flatMap((chunk) => Array.from(frames.push(chunk), (frame) => Buffer.from(frame).toString()))
}

const source = saidByQemu(recording('migration-source'))
const messages = source.toString().trim().split('\r\n')

test('a recorded session gives the same messages wherever it is split in two', () => {
  const differing: number[] = []
  for (let at = 0; at <= source.length; at++) {
    const found = cut([source.subarray(0, at), source.subarray(at)])
    if (found.join('\n') !== messages.join('\n')) differing.push(at)
  }
  expect(differing).toEqual([])
})

test('a recorded session gives the same messages byte by byte', () => {
  expect(cut(Array.from(source, (byte) => Uint8Array.of(byte)))).toEqual(messages)
})

test('a schema of 200 KB comes out whole from pieces of any size', () => {
  const schema = recordedSchema()
  for (const size of [1, 7, 4096, 65_536, schema.length]) {
    const chunks: Uint8Array[] = []
    for (let at = 0; at < schema.length; at += size) chunks.push(schema.subarray(at, at + size))
    expect(cut(chunks)).toEqual([schema.toString().trim()])
  }
})

test('messages without line ends and messages over many lines are cut by their braces', () => {
  expect(cut([Buffer.from('{"a": "}{"}{"b": "\\"}"}\r\n{\n    "c": [\n        {}\n    ]\n}\r\n')])).toEqual([
    '{"a": "}{"}',
    '{"b": "\\"}"}',
    '{\n    "c": [\n        {}\n    ]\n}',
  ])
})

test('a character of several bytes may be split between two chunks', () => {
  const message = Buffer.from('{"name": "größe 虚拟机 🚢"}')
  for (let at = 0; at <= message.length; at++) {
    expect(cut([message.subarray(0, at), message.subarray(at)])).toEqual([message.toString()])
  }
})

test('what is no message is refused at its first byte', () => {
  expect(() => cut([Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')])).toThrow('0x53 between two messages')
  expect(() => cut([Buffer.from('{}]')])).toThrow('0x5d between two messages')
  expect(() => cut([Buffer.from('[]')])).toThrow('0x5b between two messages')
  expect(() => cut([Buffer.from('{"a": "b\nc"}')])).toThrow('control character')
})

test('a bomb of brackets is refused before it is parsed', () => {
  expect(() => cut([Buffer.from(`{"a": ${'['.repeat(10_000)}`)])).toThrow('deeper than 1024')
  expect(cut([Buffer.from(`{"a": ${'['.repeat(1000)}${']'.repeat(1000)}}`)])).toHaveLength(1)
})

test('a message larger than the limit is refused, one as large is not', () => {
  const message = `{"a": "${'x'.repeat(92)}"}`
  expect(cut([Buffer.from(message)], message.length)).toEqual([message])
  expect(() => cut([Buffer.from(message)], message.length - 1)).toThrow('larger than')
  expect(() =>
    cut(
      Array.from(Buffer.from(message), (byte) => Uint8Array.of(byte)),
      message.length - 1,
    ),
  ).toThrow('larger than')
})

test('a line of 100 MB is refused with little memory held', () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  const frames = framing(LIMIT)
  expect(Array.from(frames.push(Buffer.from('{"a": "')))).toEqual([])
  const before = process.memoryUsage().arrayBuffers
  let taken = 0
  expect(() => {
    for (; taken < 100; taken++) Array.from(frames.push(chunk))
  }).toThrow('larger than')
  expect(taken).toBe(15)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
})
