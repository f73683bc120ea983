import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode } from '../src/decode.ts'
import { encode } from '../src/encode.ts'
import { recordedSchema } from './recording.ts'

const read = (text: string): unknown => decode(Buffer.from(text))

describe('what QEMU sends', () => {
  test('an integer is a number while it is safe and a bigint beyond', () => {
    expect(read('{"a": 9007199254740991, "b": -9007199254740991}')).toEqual({
      a: 9007199254740991,
      b: -9007199254740991,
    })
    expect(read('{"a": 9007199254740992, "b": 9223372036854775807, "c": 18446744073709551615}')).toEqual({
      a: 9007199254740992n,
      b: 9223372036854775807n,
      c: 18446744073709551615n,
    })
    expect(read('{"a": -9223372036854775808}')).toEqual({ a: -9223372036854775808n })
  })

  test('a fraction stays a number, however many digits it has', () => {
    expect(read('{"mbps": 537.1329599999999, "x": 0.10000000000000000555, "y": 1e3}')).toEqual({
      mbps: 537.1329599999999,
      x: 0.1,
      y: 1000,
    })
  })

  test('digits inside a string are left alone', () => {
    expect(read('{"serial": "9223372036854775807", "n": 9223372036854775807}')).toEqual({
      serial: '9223372036854775807',
      n: 9223372036854775807n,
    })
  })

  test.each(['{"__proto__": {"polluted": 1}}', '{"__proto__": {"polluted": 9223372036854775807}}'])(
    'a key __proto__ is a key like others: %s',
    (text) => {
      const value = read(text) as object
      expect(Object.keys(value)).toEqual(['__proto__'])
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )

  test('invalid UTF-8, invalid JSON and impossible numbers are refused', () => {
    expect(() => decode(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toThrow('not valid')
    expect(() => read('{"a": nonsense}')).toThrow('not valid JSON')
    expect(() => read('{"a": 1e400}')).toThrow('no finite value')
    expect(() => read(`{"a": ${'9'.repeat(100_000)}}`)).toThrow('100000 digits')
  })

  test('the schema of 200 KB is the one that JSON.parse reads', () => {
    expect(decode(recordedSchema())).toEqual(JSON.parse(recordedSchema().toString()))
  })
})

describe('what we send', () => {
  test('a bigint and a safe number are written exactly', () => {
    expect(encode({ a: 2n ** 64n - 1n, b: -(2n ** 63n), c: 9007199254740991, d: -0 }, 'integers', 'x')).toBe(
      '{"a":18446744073709551615,"b":-9223372036854775808,"c":9007199254740991,"d":0}',
    )
  })

  test('a member that is undefined is left out', () => {
    expect(encode({ a: undefined, b: [null, true, 'é\n'] }, 'integers', 'x')).toBe('{"b":[null,true,"é\\n"]}')
  })

  test.each([
    [{ a: Number.NaN }, 'x.a is NaN'],
    [{ a: [1, Infinity] }, 'x.a[1] is Infinity'],
    [{ a: 2 ** 53 }, 'pass a bigint'],
    [{ a: 1e21 }, 'pass a bigint'],
    [{ a: 2n ** 64n }, 'which no 64-bit integer holds'],
    [{ a: { b: 0.5 } }, 'x.a.b is 0.5, not an integer'],
    [{ a: 'b\0c' }, 'NUL'],
    [{ 'a\ud800': 1 }, 'surrogate'],
    [{ a: () => 1 }, 'is a function'],
    [{ a: [undefined] }, 'is a undefined'],
  ])('%o is refused with its place', (value, words) => {
    expect(() => encode(value, 'integers', 'x')).toThrow(
      expect.objectContaining({
        code: 'VM_INVALID',
        message: expect.stringContaining(words) as string,
      }) as Error,
    )
  })

  test('a fraction is written where integers are not required', () => {
    expect(encode({ a: 0.5 }, 'finite', 'x')).toBe('{"a":0.5}')
  })

  test('a cycle is refused', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(() => encode(cycle, 'finite', 'x')).toThrow('nested deeper')
  })

  test('whatever is written is read back the same', () => {
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
        fc.boolean(),
        fc.constant(null),
        fc.maxSafeInteger().map((n) => n + 0),
        fc.bigInt(2n ** 53n, 2n ** 64n - 1n),
        fc.bigInt(-(2n ** 63n), -(2n ** 53n)),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          fc.string().filter((text) => !text.includes('\0')),
          tie('value'),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    }))
    fc.assert(
      fc.property(value, (item) => {
        expect(read(encode(item, 'integers', 'x'))).toEqual(item)
      }),
      { numRuns: 1000 },
    )
  })
})
