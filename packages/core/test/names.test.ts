import { isIPv4, isIPv6 } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkHostName, checkName, checkUser } from '../src/edge/names.ts'

const invalid = (...words: string[]): unknown =>
  expect.objectContaining({
    kind: 'vmferry.error',
    code: 'VM_INVALID',
    message: expect.stringMatching(
      new RegExp(words.map((word) => word.replace(/[^\w\s]/g, '\\$&')).join('.*')),
    ),
  })

/** Each with the character that must be named, and its offset. */
const HOSTILE: readonly (readonly [text: string, character: string, offset: number])[] = [
  ['$(touch c)', "'$'", 0],
  ['a$(touch c)', "'$'", 1],
  ['`id`', "'`'", 0],
  ['web;reboot', "';'", 3],
  ['web&&reboot', "'&'", 3],
  ['web|reboot', "'|'", 3],
  ['web\nreboot', 'U+000A', 3],
  ['web\rreboot', 'U+000D', 3],
  ['web\0', 'U+0000', 3],
  ['-oProxyCommand=id', "'-'", 0],
  ['--', "'-'", 0],
  ['../etc', "'.'", 0],
  ['web/../etc', "'/'", 3],
  ['web\u202E1', 'U+202E', 3],
  ['web\u200B1', 'U+200B', 3],
  ['w\u0435b', 'U+0435', 1],
  ['web\u{1F600}', 'U+1F600', 3],
  ['web\uD83D', 'U+D83D', 3],
  ["we'b", "'''", 2],
  ['we"b', "'\"'", 2],
  ['we\\b', "'\\'", 2],
  ['web*', "'*'", 3],
  ['~root', "'~'", 0],
  ['we%sb', "'%'", 2],
  ['we b', "' '", 2],
]

describe('checkName', () => {
  test.each(['web1', '0', 'a.b_c+d-e', 'W', 'a'.repeat(128)])('allows %s', (name) => {
    expect(checkName(name)).toBe(name)
  })

  test.each(HOSTILE)('refuses %j and names the character %s at offset %d', (name, character, offset) => {
    expect(() => checkName(name)).toThrow(invalid('the domain', character, `at offset ${offset}`))
  })

  test('refuses an empty name, a long one and what is not a string', () => {
    expect(() => checkName('')).toThrow(invalid('the domain is empty'))
    expect(() => checkName('a'.repeat(10_240))).toThrow(invalid('has 10240 characters, 128 are allowed'))
    expect(() => checkName(7 as unknown as string)).toThrow(invalid('not a string but number'))
    expect(() => checkName(null as unknown as string)).toThrow(invalid('not a string'))
  })

  test('calls the name what the caller calls it, and says what is allowed', () => {
    expect(() => checkName('', 'new name')).toThrow(invalid('the new name is empty'))
    expect(() => checkName('')).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('at most 128') }),
    )
  })

  const nearName = fc.stringMatching(/^[A-Za-z0-9._+-]{1,129}$/)

  test('lets through exactly the allow-list, and its errors are short printable ASCII', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 140 }), nearName), (name) => {
        const allowed = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/.test(name)
        expect(outcome(() => checkName(name))).toEqual(
          allowed ? name : expect.stringMatching(/^[ -~…]{1,1000}$/),
        )
      }),
      { numRuns: 1000 },
    )
  })
})

describe('checkUser', () => {
  test.each(['root', '_apt', 'first.last', 'a-b+c', 'R2'])('allows %s', (user) => {
    expect(checkUser(user)).toBe(user)
  })

  test.each([...HOSTILE.map(([text]) => text), 'root:pw', 'a@b', '', 'a'.repeat(65), '.a'])(
    'refuses %j',
    (user) => {
      expect(() => checkUser(user)).toThrow(invalid('the user'))
    },
  )
})

describe('checkHostName', () => {
  test.each([
    'alpha',
    'Alpha.Example.org',
    'a',
    '3com.example',
    'xn--bcher-kva.example',
    'a--b',
    `${'a'.repeat(63)}.org`,
    'localhost',
    '10.0.0.2',
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1%eth0',
    'fe80::1%br-lan.100',
    '2001:db8:0:0:0:0:0:1',
    '::ffff:10.0.0.2',
    'FE80::A',
  ])('allows %s', (host) => {
    expect(checkHostName(host)).toBe(host)
  })

  test.each([
    ...HOSTILE.map(([text]) => text),
    '',
    '.',
    'alpha.',
    '.alpha',
    'al..pha',
    'alpha-',
    '-alpha',
    'al_pha',
    'a.-b',
    `${'a'.repeat(64)}.org`,
    'a.'.repeat(127),
    'a'.repeat(10_240),
    'alpha:22',
    'alpha%eth0',
    '256.0.0.1',
    '010.0.0.1',
    '10.1',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    'alpha.1',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    '::g',
    '::1.2.3',
    '1.2.3.4::',
    'fe80::1%',
    'fe80::1%eth0%eth1',
    'fe80::1%-o',
    'fe80::1%sixteen-letters0',
    'fe80::1%../..',
    '[::1]',
  ])('refuses %j', (host) => {
    expect(() => checkHostName(host)).toThrow(invalid('the host'))
  })

  test('knows the same addresses as Node', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV4(), (six, four) => {
        expect(checkHostName(six)).toBe(six)
        expect(checkHostName(four)).toBe(four)
      }),
    )
    const almost = fc.array(fc.constantFrom('0', '1', 'ff', ':', ':', '::', '.', '127', 'abcd', '1.2.3.4'), {
      minLength: 2,
      maxLength: 16,
    })
    fc.assert(
      fc.property(
        almost.map((pieces) => pieces.join('')).filter((text) => text.includes(':')),
        (text) => {
          expect(outcome(() => checkHostName(text)) === text).toBe(isIPv6(text))
        },
      ),
      { numRuns: 5000 },
    )
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 6 }), (numbers) => {
        expect(outcome(() => checkHostName(numbers.join('.'))) === numbers.join('.')).toBe(
          isIPv4(numbers.join('.')),
        )
      }),
    )
  })

  test('lets nothing through that a shell or an option parser could take for more', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (host) => {
        const accepted = outcome(() => checkHostName(host)) === host
        expect(accepted && !/^[A-Za-z0-9:][A-Za-z0-9.:%_-]*$/.test(host)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})

/** What came of it: the result, or the message. */
function outcome(check: () => string): string {
  try {
    return check()
  } catch (error) {
    return (error as Error).message
  }
}
