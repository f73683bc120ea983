import { expect } from 'vitest'

/** Matches a VmError by its code and a part of its message. */
export function withCode(code: string, words = ''): Error {
  return expect.objectContaining({ code, message: expect.stringContaining(words) as string }) as Error
}
