import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { quoteArgv } from '../src/index.ts'
import { hostileWords } from './hostile-words.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmferry-quote-'))
const canary = join(folder, 'canary')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The words as a shell saw them. */
function words(shell: readonly string[], argv: readonly string[]): string[] {
  const [program = '', ...args] = shell
  const script = `printf '%s\\0' ${quoteArgv(argv)}`
  const output = execFileSync(program, [...args, '-c', script], { cwd: folder }).toString()
  return output.split('\0').slice(0, -1)
}

const shells = [['sh'], ['bash'], ['busybox', 'sh']].filter(([program = '']) =>
  ['/bin', '/usr/bin'].some((path) => existsSync(join(path, program))),
)

describe.each(shells)('quoting for %s', (...shell) => {
  test('hostile words stay words', () => {
    const argv = hostileWords(canary)
    expect(words(shell, argv)).toEqual(argv)
    expect(existsSync(canary)).toBe(false)
  })

  test('any words stay words', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text).toString().replaceAll('\0', '')),
      fc.string({ unit: fc.constantFrom(...`'"\\$\`;&|<>(){}[]*?!~#% \t\n=-`.split('')) }),
      fc.constantFrom(...hostileWords(canary).filter((one) => one.length < 1000)),
    )
    const property = fc.property(fc.array(word, { minLength: 300, maxLength: 400 }), (argv) => {
      expect(words(shell, argv)).toEqual(argv)
    })
    // About 10,000 words.
    fc.assert(property, { numRuns: 30, endOnFailure: true })
    expect(existsSync(canary)).toBe(false)
  })
})

test('every word is quoted, so that none is a keyword, an assignment or an option of the shell', () => {
  expect(quoteArgv(['if', 'A=b', '-x', ''])).toBe("'if' 'A=b' '-x' ''")
})

test('a backslash stands outside the quotes, where fish reads it as other shells do', () => {
  expect(quoteArgv(["it's", 'a\\'])).toBe("'it'\\''s' 'a'\\\\''")
})

test('what no argument can hold is refused', () => {
  expect(() => quoteArgv([])).toThrow(/names no program/)
  expect(() => quoteArgv(['a', 'b\0c'])).toThrow(/NUL at offset 1/)
})
