import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConnectionUri, isVmError, type VmError } from '../src/driver/index.ts'
import { formatConnectionUri, parseConnectionUri, parseMigrationUri } from '../src/edge/uri.ts'

const HERE = { transport: null, user: null, host: null, port: null, path: '', query: {} }

describe('parseConnectionUri', () => {
  test.each<[string, Partial<ConnectionUri>]>([
    ['qemu:///system', { driver: 'qemu', path: '/system' }],
    ['qemu:///session?run=/tmp/a', { driver: 'qemu', path: '/session', query: { run: '/tmp/a' } }],
    ['xen:///', { driver: 'xen', path: '/' }],
    ['xen://', { driver: 'xen' }],
    [
      'test:///default?without=live,resource',
      { driver: 'test', path: '/default', query: { without: 'live,resource' } },
    ],
    [
      'qemu+ssh://root@alpha:2222/system',
      { driver: 'qemu', transport: 'ssh', user: 'root', host: 'alpha', port: 2222, path: '/system' },
    ],
    [
      'xen+ssh://u@[fe80::1%25eth0]/',
      { driver: 'xen', transport: 'ssh', user: 'u', host: 'fe80::1%eth0', path: '/' },
    ],
    ['qemu+ssh://[::1]:65535', { driver: 'qemu', transport: 'ssh', host: '::1', port: 65_535 }],
    [
      'test+tcp://10.0.0.2:1/a?x=',
      { driver: 'test', transport: 'tcp', host: '10.0.0.2', port: 1, path: '/a', query: { x: '' } },
    ],
    [
      'qemu+ssh://Alpha.Example.org/',
      { driver: 'qemu', transport: 'ssh', host: 'Alpha.Example.org', path: '/' },
    ],
    [
      'qemu:///a%20b//%C3%BC?run=%2Ftmp%2F%26+=%2525',
      { driver: 'qemu', path: '/a b//ü', query: { run: '/tmp/&+=%25' } },
    ],
  ])('takes %s apart', (text, parts) => {
    expect(parseConnectionUri(text)).toStrictEqual({ text, ...HERE, ...parts })
  })

  test('tells somebody who forgot the transport how to write it', () => {
    expect(refused(() => parseConnectionUri('qemu://alpha/system'))).toMatchObject({
      message: 'qemu://alpha/system: say how to reach it: qemu+ssh://alpha/system',
      remedy: 'or, for this machine, write three slashes: qemu:///system',
    })
  })

  test.each([
    ['', 'no driver and no ://, as in qemu:///system'],
    ['alpha', 'no driver and no ://'],
    ['qemu:/system', 'no driver and no ://'],
    ['qemu:system', 'no driver and no ://'],
    ['://alpha/system', 'in small letters, as in qemu+ssh://alpha/system'],
    ['+ssh://alpha/', 'in small letters'],
    ['qemu+://alpha/', 'in small letters'],
    ['qemu+ssh+tls://alpha/', 'in small letters'],
    ['QEMU:///system', 'in small letters'],
    ['7up:///', 'in small letters'],
    ['qe-mu:///', 'in small letters'],
    ['qemu+ssh:///system', 'ssh needs a host to reach, as in qemu+ssh://alpha/system'],
    ['qemu+ssh://', 'ssh needs a host to reach'],
    ['qemu+ssh://root@/system', 'a user or a port needs a host'],
    ['qemu+ssh://:22/system', 'a user or a port needs a host'],
    ['qemu://root@/system', 'a user or a port needs a host'],
    ['qemu+ssh://root:pw@alpha/', '***@alpha/: a URI holds no password'],
    ['qemu+ssh://@alpha/', 'before the @ is not a user name'],
    ['qemu+ssh://-oProxyCommand=id@alpha/', 'before the @ is not a user name'],
    ['qemu+ssh://a@b@alpha/', 'before the @ is not a user name'],
    ['qemu+ssh://a%40b@alpha/', 'before the @ is not a user name'],
    ['qemu+ssh://a%00@alpha/', 'the user has a control'],
    ['qemu+ssh://-oProxyCommand=id/', "'-oProxyCommand=id' is not a host name"],
    ['qemu+ssh://$(touch%20c)/', 'is not a host name'],
    ['qemu+ssh://al%2Fpha/', 'is not a host name'],
    ['qemu+ssh://al%2f..%2fpha/', 'is not a host name'],
    ['qemu+ssh://al%00pha/', 'is not a host name'],
    ['qemu+ssh://%61lpha/', 'is not a host name'],
    ['qemu+ssh://256.1.1.1/', 'is not a host name'],
    ['qemu+ssh://fe80::1/', 'stands in brackets'],
    ['qemu+ssh://[fe80::1/', 'stands in brackets'],
    ['qemu+ssh://[::1]x/', 'stands in brackets'],
    ['qemu+ssh://[]/', 'brackets hold an IPv6 address'],
    ['qemu+ssh://[alpha]/', 'brackets hold an IPv6 address'],
    ['qemu+ssh://[10.0.0.1]/', 'brackets hold an IPv6 address'],
    ['qemu+ssh://[fe80::1%eth0]/', 'behind %25, as in [fe80::1%25eth0]'],
    ['qemu+ssh://[fe80::1%2525%25]/', 'brackets hold an IPv6 address'],
    ['qemu+ssh://[fe80::1%25]/', 'is not a host name or an address'],
    ['qemu+ssh://[::g]/', 'is not a host name or an address'],
    ['qemu+ssh://alpha:/', 'a decimal number from 1 to 65535'],
    ['qemu+ssh://alpha:0/', 'a decimal number from 1 to 65535'],
    ['qemu+ssh://alpha:65536/', 'a decimal number from 1 to 65535'],
    ['qemu+ssh://alpha:1e3/', 'a decimal number from 1 to 65535'],
    ['qemu+ssh://alpha:+22/', 'a decimal number from 1 to 65535'],
    ['qemu+ssh://alpha:022/', 'a decimal number from 1 to 65535'],
    ['qemu+ssh://alpha:0x16/', 'a decimal number from 1 to 65535'],
    ['qemu+ssh://alpha:22:22/', 'stands in brackets'],
    ['qemu:///a%2f..%2fb', 'a slash in the path is written as such'],
    ['qemu:///a/../b', 'the path has . or .. in it'],
    ['qemu:///a/%2e%2E', 'the path has . or .. in it'],
    ['qemu:///./a', 'the path has . or .. in it'],
    ['qemu:///a%00', 'the path has a control or direction character'],
    ['qemu:///a%0d%0a', 'the path has a control or direction character'],
    ['qemu:///a%E2%80%AE', 'the path has a control or direction character'],
    ['qemu:///a%E2%80%8B', 'the path has a control or direction character'],
    ['qemu:///a%zz', 'not followed by two hexadecimal digits'],
    ['qemu:///a%', 'not followed by two hexadecimal digits'],
    ['qemu:///a%C0%AF', 'not followed by two hexadecimal digits'],
    ['qemu:///a%ED%A0%80', 'not followed by two hexadecimal digits'],
    ['qemu:///a@b', 'an @ behind the host is written %40'],
    ['qemu:///system?a=1&a=2', 'the parameter a comes twice'],
    ['qemu:///system?', 'the query is key=value, joined by &'],
    ['qemu:///system?a', 'the query is key=value'],
    ['qemu:///system?a=1&', 'the query is key=value'],
    ['qemu:///system?=1', 'the query is key=value'],
    ['qemu:///system?__proto__=1', 'the query is key=value'],
    ['qemu:///system?%61=1', 'the query is key=value'],
    ['qemu:///system?a=%00', 'the parameter a has a control'],
    ['qemu:///system?a=%', 'the parameter a has a %'],
    ['qemu:///system#top', 'it takes no fragment'],
    ['qemu:///sys tem', "it has ' ' at offset 11"],
    ['qemu:///sys\ntem', 'it has U+000A at offset 11'],
    ['qemu:///system\0', 'it has U+0000 at offset 14'],
    ['qemu:///\u202Emetsys', 'it has U+202E at offset 8'],
    ['q\u0435mu:///system', 'it has U+0435 at offset 1'],
  ])('refuses %j: %s', (text, sentence) => {
    expect(refused(() => parseConnectionUri(text)).message).toContain(sentence)
  })

  test('refuses what is too long without repeating it, and what is not a string', () => {
    const long = `qemu:///${'a'.repeat(2041)}`
    expect(parseConnectionUri(long.slice(0, 2048)).path).toHaveLength(2041)
    const { message } = refused(() => parseConnectionUri(long))
    expect(message).toContain('it has 2049 characters, 2048 are allowed')
    expect(message.length).toBeLessThan(300)
    expect(refused(() => parseConnectionUri(7 as unknown as string)).message).toContain('not a string')
    expect(refused(() => parseConnectionUri(undefined as unknown as string)).message).toContain(
      'not a string',
    )
  })

  test.each([
    'qemu+ssh://root:hunter2@alpha/system',
    'qemu+ssh://root:1hunter2@alpha:22/',
    'qemu+ssh://:hunter2@alpha/',
    'qemu+ssh://root%3Ahunter2@alpha/',
    'qemu+ssh://root%253Ahunter2@alpha/',
    'qemu+ssh://root:hun@ter2@alpha/',
    'qemu+ssh://root:22/hunter2@alpha/system',
    'qemu+ssh://root:hunter2/x@alpha/system',
    'qemu+ssh://root:hunter2?x@alpha/system',
    'qemu+ssh://root:hunter2#x@alpha/system',
    'qemu+ssh://root:hunter2 x@alpha/system',
    'QEMU+ssh://root:hunter2@alpha/system',
    'qemu+ssh:/root:hunter2@alpha/system',
    'root:hunter2@alpha',
    `qemu+ssh://root:hunter2@alpha/${'a'.repeat(3000)}`,
  ])('never accepts nor prints the password in %s', (text) => {
    for (const parse of [parseConnectionUri, parseMigrationUri]) {
      const error = refused(() => parse(text))
      expect(error.message).not.toMatch(/hun|ter2/)
      expect(JSON.stringify(error)).not.toMatch(/hun|ter2/)
    }
  })
})

describe('parseMigrationUri', () => {
  const BARE = { transport: null, user: null, port: null, path: '' }

  test.each([
    ['beta', { ...BARE, host: 'beta' }],
    ['localhost', { ...BARE, host: 'localhost' }],
    ['10.0.0.2', { ...BARE, host: '10.0.0.2' }],
    ['[fe80::1]', { ...BARE, host: 'fe80::1' }],
    ['[fe80::1%25eth0]:4444', { ...BARE, host: 'fe80::1%eth0', port: 4444 }],
    ['beta:4444', { ...BARE, host: 'beta', port: 4444 }],
    ['exec', { ...BARE, host: 'exec' }],
    ['ssh://root@dest/', { transport: 'ssh', user: 'root', host: 'dest', port: null, path: '/' }],
    ['tcp://beta:49152', { transport: 'tcp', user: null, host: 'beta', port: 49_152, path: '' }],
    ['tcp://[::1]:1/x', { transport: 'tcp', user: null, host: '::1', port: 1, path: '/x' }],
    ['unix:///run/a%20b', { transport: 'unix', user: null, host: null, port: null, path: '/run/a b' }],
    ['carrier-pigeon://beta', { ...BARE, transport: 'carrier-pigeon', host: 'beta' }],
    ['exec://beta', { transport: 'exec', user: null, host: 'beta', port: null, path: '' }],
  ])('takes %s apart', (text, parts) => {
    expect(parseMigrationUri(text)).toStrictEqual({ text, ...parts })
  })

  test.each([
    ['', 'it has no host, as in beta or beta:4444'],
    [':4444', 'it has no host'],
    ['exec:touch /tmp/c', "it has ' ' at offset 10"],
    ['exec:reboot', 'a decimal number from 1 to 65535'],
    ['fd:12', 'for a host of that name write tcp://fd:12'],
    ['unix:1', 'that could be a transport'],
    ['tcp:beta:4444', 'stands in brackets'],
    ['fe80::1', 'stands in brackets, as in [fe80::1]'],
    ['file:/tmp/x', 'needs a transport before it'],
    ['root@beta', 'needs a transport before it, as in ssh://root@beta/'],
    ['beta/x', 'needs a transport before it'],
    ['../beta', 'needs a transport before it'],
    ['-oProxyCommand=id', 'is not a host name'],
    ['beta;id', 'is not a host name'],
    ['beta:0', 'a decimal number from 1 to 65535'],
    ['beta?x=1', 'has no query'],
    ['ssh://root@beta/?command=id', 'has no query, as in ssh://root@beta/'],
    ['ssh://root@beta/#x', 'it takes no fragment'],
    ['ssh://', 'neither a host nor a path, as in ssh://beta'],
    ['ssh://root@/', 'a user or a port needs a host'],
    ['://beta', 'in small letters'],
    ['-tcp://beta', 'in small letters or is a host'],
    ['SSH://beta', 'in small letters'],
    ['unix:///run/../etc', 'the path has . or ..'],
    ['unix:///run/a%0a', 'the path has a control'],
  ])('refuses %j: %s', (text, sentence) => {
    expect(refused(() => parseMigrationUri(text)).message).toContain(sentence)
  })
})

describe('formatConnectionUri', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
  const user = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,12}$/))
  const label = fc.stringMatching(/^[A-Za-z]([A-Za-z0-9-]{0,5}[A-Za-z0-9])?$/)
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
  const zoned = fc
    .tuple(fc.ipV6(), fc.stringMatching(/^[a-z][a-z0-9.-]{0,7}$/))
    .map((parts) => parts.join('%'))
  const host = fc.oneof(name, fc.ipV4(), fc.ipV6(), zoned)
  const port = fc.option(fc.integer({ min: 1, max: 65_535 }))
  const plain = fc
    .string({ unit: 'grapheme', maxLength: 20 })
    .filter((text) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text))
  const segment = plain.filter((text) => !text.includes('/') && text !== '.' && text !== '..')
  const path = fc
    .array(segment, { maxLength: 4 })
    .map((segments) => segments.map((text) => `/${text}`).join(''))
  const query = fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,8}$/), plain, {
    maxKeys: 4,
    noNullPrototype: true,
  })
  const far = fc.record({ driver: word, transport: word, user, host, port, path, query })
  const near = fc.record({ driver: word, path, query }).map((parts) => ({ ...HERE, ...parts }))

  test('is undone by parseConnectionUri, whatever the parts are', () => {
    fc.assert(
      fc.property(fc.oneof(far, near), (parts) => {
        const text = formatConnectionUri(parts)
        expect(text).toMatch(/^[!-~]+$/)
        expect(parseConnectionUri(text)).toStrictEqual({ text, ...parts })
      }),
      { numRuns: 2000 },
    )
  })

  test('keeps what people write readable', () => {
    for (const text of [
      'qemu+ssh://root@alpha:2222/system?run=/run/mine',
      'test:///default?without=live,resource',
      'xen+ssh://u@[fe80::1%25eth0]/',
    ]) {
      expect(formatConnectionUri(parseConnectionUri(text))).toBe(text)
    }
  })

  test.each<[string, Partial<ConnectionUri>]>([
    ['a path without its slash', { transport: 'ssh', host: 'alpha', path: 'system' }],
    ['a path that climbs', { path: '/../etc' }],
    ['a driver that holds a transport', { driver: 'qemu+ssh', host: 'alpha' }],
    ['a host that holds a port', { transport: 'ssh', host: 'alpha:22' }],
    ['a host that holds a path', { transport: 'ssh', host: 'alpha/system' }],
    ['an empty host', { host: '' }],
    ['a user that holds a password', { transport: 'ssh', host: 'alpha', user: 'root:pw' }],
    ['a port that is no port', { transport: 'ssh', host: 'alpha', port: 1.5 }],
    ['a key that no URI can hold', { query: { 'a=b': 'c' } }],
    ['half a character', { path: '/\uD83D' }],
  ])('refuses %s', (_, parts) => {
    expect(refused(() => formatConnectionUri({ driver: 'qemu', ...HERE, ...parts })).code).toBe('VM_INVALID')
  })
})

test('whatever is parsed is refused in one short printable sentence with a remedy, or holds only checked parts', () => {
  const pieces = fc.constantFrom(
    ...'qemu +ssh :// / @ : [ ] ::1 %25 %2f %00 ? & = # 22 .. -o root'.split(' '),
  )
  const almost = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''))
  const junk = fc.string({ unit: 'binary', maxLength: 60 })
  const prefixed = junk.map((text) => `qemu+ssh://alpha${text}`)
  let parsed = 0
  fc.assert(
    fc.property(
      fc.oneof(almost, junk, prefixed),
      fc.constantFrom(parseConnectionUri, parseMigrationUri),
      (text, parse) => {
        try {
          const { host, user, port, path } = parse(text)
          parsed += 1
          expect(text).toMatch(/^[!-~]+$/)
          expect(host ?? 'none').toMatch(/^[A-Za-z0-9:][A-Za-z0-9.:%_-]*$/)
          expect(user ?? 'none').toMatch(/^[A-Za-z0-9_][A-Za-z0-9._+-]*$/)
          expect(port ?? 1).toBeGreaterThan(0)
          expect(path).toMatch(/^(\/[^\p{Cc}]*)?$/u)
        } catch (error) {
          if (!isVmError(error, 'VM_INVALID')) throw error
          expect(error.message).toMatch(/^[ -~…]{1,600}$/)
          expect(error.remedy).toBeTruthy()
        }
      },
    ),
    { numRuns: 5000 },
  )
  expect(parsed).toBeGreaterThan(0)
})

/** The VM_INVALID that a call ends with. */
function refused(call: () => unknown): VmError {
  try {
    call()
  } catch (error) {
    if (isVmError(error, 'VM_INVALID')) return error
    throw error
  }
  throw new Error('was accepted')
}
