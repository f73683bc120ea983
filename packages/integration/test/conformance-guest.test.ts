import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

const GUESTS = fileURLToPath(new URL('../../driver-qemu/', import.meta.url))

const assembler = isThere('as') && isThere('ld') && isThere('objcopy')

describe.skipIf(!assembler)(`the guest of the kit${assembler ? '' : ' (binutils is not installed)'}`, () => {
  test('is what its source says', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmferry-guest-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = (name: string): string => join(folder, name)
    execFileSync('as', ['--32', '--fatal-warnings', '-o', file('o'), `${GUESTS}guests/count.S`])
    execFileSync('ld', ['-m', 'elf_i386', '-Ttext', '0x100000', '-e', '_start', '-o', file('elf'), file('o')])
    execFileSync('objcopy', ['-O', 'binary', file('elf'), file('raw')])
    const shipped = readFileSync(`${GUESTS}src/conformance/guest.ts`, 'utf8')
    const image = [...shipped.matchAll(/^ {2}'([A-Za-z0-9+/=]+)',$/gm)].map(([, line]) => line).join('')
    expect(Buffer.from(image, 'base64').equals(readFileSync(file('raw')))).toBe(true)
  })
})

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
