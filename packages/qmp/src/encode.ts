import { vmError } from '@vmferry/core/driver'
import { isQmpObject } from './value.ts'

/** QEMU's parser stops at 1024, the command around the arguments included; a cycle ends here too. */
const MAX_DEPTH = 1000

const UINT64_MAX = 2n ** 64n - 1n
const INT64_MIN = -(2n ** 63n)

/** What a command's numbers may be: every argument of a typed command is an integer. */
export type Numbers = 'integers' | 'finite'

/**
 * The exact JSON text of `value`. Rejects with VM_INVALID what QEMU would misread or answer without an id, which
 * would cost the whole session: NaN and Infinity, integers that a double has rounded already, NUL, lone surrogates.
 */
export function encode(value: unknown, numbers: Numbers, where: string): string {
  return write(value, where, 0)

  function write(item: unknown, path: string, depth: number): string {
    if (depth > MAX_DEPTH) throw invalid(path, `is nested deeper than ${MAX_DEPTH} levels`)
    if (item === null || typeof item === 'boolean') return String(item)
    if (typeof item === 'string') return writeString(item, path)
    if (typeof item === 'number') return writeNumber(item, path)
    if (typeof item === 'bigint') return writeBigint(item, path)
    if (Array.isArray(item)) {
      const items = item as readonly unknown[]
      return `[${items.map((entry, index) => write(entry, `${path}[${index}]`, depth + 1)).join(',')}]`
    }
    if (!isQmpObject(item)) throw invalid(path, `is a ${typeof item}, which JSON cannot hold`)
    const members = Object.entries(item).filter(([, member]) => member !== undefined)
    const texts = members.map(
      ([key, member]) => `${writeString(key, path)}:${write(member, `${path}.${key}`, depth + 1)}`,
    )
    return `{${texts.join(',')}}`
  }

  function writeNumber(item: number, path: string): string {
    if (!Number.isFinite(item)) throw invalid(path, `is ${item}`)
    if (Number.isSafeInteger(item)) return Object.is(item, -0) ? '0' : String(item)
    if (Number.isInteger(item))
      throw invalid(path, `is ${item}: beyond 2^53 a number is not exact, pass a bigint`)
    if (numbers === 'integers') throw invalid(path, `is ${item}, not an integer`)
    return String(item)
  }
}

function writeBigint(item: bigint, path: string): string {
  if (item > UINT64_MAX || item < INT64_MIN) throw invalid(path, `is ${item}, which no 64-bit integer holds`)
  return item.toString()
}

function writeString(item: string, path: string): string {
  if (item.includes('\0')) throw invalid(path, 'holds a NUL character, which QEMU refuses to parse')
  if (/\p{Surrogate}/u.test(item)) throw invalid(path, 'holds half of a surrogate pair')
  return JSON.stringify(item)
}

function invalid(path: string, what: string): Error {
  return vmError('VM_INVALID', `the argument ${path} ${what}`, {
    remedy: 'pass strings, booleans, null, arrays, plain objects and 64-bit integers (bigint beyond 2^53)',
  })
}
