import { describe, expect, test } from 'vitest'
import { errorText } from '../src/error-text.ts'
import { exitCodeOfError, exitCodeOfOutcome } from '../src/exit-code.ts'
import { bytesText, durationText, rateText } from '../src/figure.ts'
import { jsonLine } from '../src/json-view.ts'

describe('an error for people', () => {
  test('starts with code, phase and host, then tells the guest, the next step and the words of each side', () => {
    const text = errorText({
      code: 'VM_REFUSED',
      message: 'the host key is not the known one',
      phase: 'check',
      host: 'beta',
      guest: { source: 'running', target: 'none' },
      remedy: 'ssh-keygen -R beta',
      causes: [{ host: 'alpha', words: 'first\nsecond\n' }],
    })
    expect(text.split('\n')).toEqual([
      'VM_REFUSED in check on beta: the host key is not the known one',
      'guest: running on source, none on target',
      'next: ssh-keygen -R beta',
      '  alpha: first',
      '    second',
    ])
  })

  test('leaves out what is not known', () => {
    expect(errorText({ code: 'VM_INVALID', message: 'no', causes: [] })).toBe('VM_INVALID: no')
  })

  test('keeps a message in one line and its control characters harmless', () => {
    const text = errorText({ code: 'VM_PROTOCOL', message: 'a\nnext: b\u001b]0;c\u0007\n', causes: [] })
    expect(text).toBe('VM_PROTOCOL: a next: b\ufffd]0;c\ufffd')
  })

  test('colours the code alone', () => {
    const text = errorText({ code: 'VM_LOST', message: 'm', causes: [] }, (format, t) => `<${format}>${t}</>`)
    expect(text).toBe('<red>VM_LOST</>: m')
  })
})

describe('exit codes', () => {
  test('are 0 for migrated, 1 for rolled back, 3 in doubt and 4 for lost', () => {
    const codes = (['migrated', 'rolledBack', 'inDoubt', 'lost'] as const).map((o) => exitCodeOfOutcome(o))
    expect(codes).toEqual([0, 1, 3, 4])
  })

  test('tell a signal only where it led back to the source', () => {
    expect(exitCodeOfOutcome('rolledBack', 'SIGINT')).toBe(130)
    expect(exitCodeOfOutcome('rolledBack', 'SIGTERM')).toBe(143)
    expect(exitCodeOfOutcome('migrated', 'SIGINT')).toBe(0)
    expect(exitCodeOfOutcome('inDoubt', 'SIGTERM')).toBe(3)
    expect(exitCodeOfError(new Error('any'), 'SIGINT')).toBe(130)
  })
})

describe('figures', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536 * 1024, '1.5 MiB'],
    [1023.9 * 1024 ** 2, '1 GiB'],
    [2 ** 60, '1024 PiB'],
  ])('%d bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text))

  test.each([
    [0.4, '0 ms'],
    [43, '43 ms'],
    [999.6, '1 s'],
    [3210, '3.2 s'],
    [59_990, '1 min 0 s'],
    [125_000, '2 min 5 s'],
    [11_520_000, '3 h 12 min'],
  ])('%d milliseconds are %s', (ms, text) => expect(durationText(ms)).toBe(text))

  test('a rate is in Mbps of 10^6 bit/s', () => {
    expect(rateText(125_000)).toBe('1 Mbps')
    expect(rateText(100_000_000)).toBe('800 Mbps')
  })
})

test('integers that a JSON reader would round are decimal strings', () => {
  const line = jsonLine({
    small: 2 ** 53 - 1,
    large: 2 ** 53,
    huge: 1e21,
    big: 18446744073709551615n,
    real: 1.5,
  })
  expect(JSON.parse(line)).toEqual({
    small: 9007199254740991,
    large: '9007199254740992',
    huge: '1000000000000000000000',
    big: '18446744073709551615',
    real: 1.5,
  })
})
