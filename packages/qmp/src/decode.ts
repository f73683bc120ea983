import { TextDecoder } from 'node:util'
import { parse } from 'lossless-json'

const utf8 = new TextDecoder('utf-8', { fatal: true })

// JSON.parse is exact up to 15 digits; only longer runs, and exponents that could overflow, need the slow parser.
const NEEDS_CARE = /\d{16}|\d[eE]/

/** QAPI's widest integer is uint64: 20 digits. More is not from QEMU, and a BigInt of a million digits is an attack. */
const MAX_DIGITS = 20

/** The value of one framed message; throws a SyntaxError or TypeError where it is not UTF-8 or not JSON. */
export function decode(frame: Uint8Array): unknown {
  const text = utf8.decode(frame)
  if (!NEEDS_CARE.test(text)) return JSON.parse(text)
  return parse(text, undefined, {
    parseNumber: exactNumber,
    onDuplicateKey: ({ newValue }) => newValue,
  })
}

function exactNumber(text: string): number | bigint {
  const number = Number(text)
  if (!/^-?\d+$/.test(text)) {
    if (!Number.isFinite(number)) throw new SyntaxError(`the number ${text.slice(0, 40)} has no finite value`)
    return number
  }
  if (Number.isSafeInteger(number)) return number
  if (text.replace('-', '').length > MAX_DIGITS) throw new SyntaxError(`an integer of ${text.length} digits`)
  return BigInt(text)
}
