import { expect, test } from 'vitest'
import { type TlsDirectory, tlsDirectoryOf } from '../src/tls/directory.ts'
import { tlsSurvey } from '../src/tls/findings.ts'
import { expectedName } from '../src/tls/half.ts'

const KEYS: TlsDirectory = {
  path: '/etc/pki/qemu',
  kind: 'psk',
  files: { 'keys.psk': { readable: false, open: false, pem: '' } },
  users: [],
  openssl: true,
  now: 0,
}

test('a file that may not be read is named, and no more is said of what is in it', () => {
  expect(tlsSurvey('beta', 'server', KEYS).findings).toMatchObject([
    {
      severity: 'blocker',
      code: 'tls-file-unreadable',
      side: 'target',
      message: '/etc/pki/qemu/keys.psk on beta may not be read',
      remedy: expect.any(String),
    },
  ])
})

test('the target may choose among the names by which it is known, and is none other', () => {
  const request = {
    uri: { host: '10.77.0.2' },
    target: { uri: { host: 'beta' } },
  } as unknown as Parameters<typeof expectedName>[0]
  const expected = (name: string | null) => expectedName(request, { name })
  expect([expected('beta'), expected('10.77.0.2'), expected('gamma'), expected(null)]).toEqual([
    'beta',
    '10.77.0.2',
    '10.77.0.2',
    '10.77.0.2',
  ])
})

test.each(['relative', '/a/../b', '/with space', "/x'y"])(
  'the directory %j is refused, with what to write instead',
  (tls) => {
    const uri = { text: 'qemu:///system', query: { tls } } as unknown as Parameters<typeof tlsDirectoryOf>[0]
    expect(() => tlsDirectoryOf(uri)).toThrow(
      expect.objectContaining({ code: 'VM_INVALID', remedy: expect.any(String) }),
    )
  },
)
