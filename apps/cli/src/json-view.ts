import type { View } from './frame.ts'

/** One JSON line without its newline. BigInts, and integers beyond 2^53, become decimal strings, so that no reader rounds them. */
export function jsonLine(value: object): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'bigint') return String(member)
    if (typeof member === 'number' && Number.isInteger(member) && !Number.isSafeInteger(member))
      return String(BigInt(member))
    return member
  })
}

/** Each event as one JSON line. */
export function jsonView(): View {
  return (event) => ({ lines: [jsonLine(event)] })
}
