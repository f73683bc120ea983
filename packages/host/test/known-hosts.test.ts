import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { hostKeyPolicy, parseKnownHosts } from '../src/index.ts'
import { knownHostName, matchesHost } from '../src/known-hosts.ts'
import { makeKey } from './real-sshd.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmferry-known-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
for (const [name, type] of [
  ['a', 'ed25519'],
  ['b', 'ed25519'],
  ['r', 'rsa'],
  ['e', 'ecdsa'],
] as const) {
  makeKey(join(folder, name), type)
}
const publicKey = (name: string): string =>
  readFileSync(join(folder, `${name}.pub`), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ')
const blob = (name: string): Buffer => Buffer.from(publicKey(name).split(' ')[1] ?? '', 'base64')

const [A, B, R, E] = ['a', 'b', 'r', 'e'].map(publicKey)
const file = join(folder, 'known_hosts')

function policy(text: string, host = 'alpha', port = 22, alias: string | null = null) {
  const place = `root@${host}:${port}`
  return hostKeyPolicy(parseKnownHosts(text, file), { host, port, alias, place, file })
}

describe('which lines speak of a host', () => {
  const names = [
    'alpha',
    'ALPHA',
    'beta.example.org',
    '192.0.2.7',
    '[alpha]:2222',
    '[2001:db8::1]:2222',
    'xalpha',
    'evil.example.org',
  ]
  const fields = [
    'alpha',
    'Alpha',
    'alpha,192.0.2.7',
    '*.example.org',
    '*.example.org,!evil.example.org',
    '!evil.example.org,*.example.org',
    '!alpha',
    '?lpha',
    '192.0.2.*',
    '*',
    '[alpha]:2222',
    '[*]:2222',
    '[2001:db8::1]:2222',
    'alpha.',
    'a+lpha',
  ]
  test.each(fields)('%s: as ssh-keygen -F finds them', (field) => {
    writeFileSync(file, `# ${field}\n\n${field} ${A} a comment\n`)
    for (const name of names) {
      // ssh(1) lowers the case of the name before it looks it up.
      const lower = name.toLowerCase()
      const entries = parseKnownHosts(readFileSync(file, 'utf8'), file)
      expect([lower, entries.some((entry) => matchesHost(entry, lower))]).toEqual([
        lower,
        foundBySshKeygen(lower),
      ])
    }
  })

  test('names that ssh-keygen -H has hashed are found, and only those', () => {
    writeFileSync(file, `alpha ${A}\n[alpha]:2222 ${R}\n192.0.2.7 ${E}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    const text = readFileSync(file, 'utf8')
    expect(text).not.toContain('alpha')
    for (const name of names) {
      const lower = name.toLowerCase()
      const found = parseKnownHosts(text, file).some((entry) => matchesHost(entry, lower))
      expect([lower, found]).toEqual([lower, foundBySshKeygen(lower)])
    }
  })
})

test('a line that is none is passed over', () => {
  const text = [
    'alpha',
    'alpha ssh-ed25519',
    'alpha ssh-ed25519 !!!',
    `alpha ssh-rsa ${A?.split(' ')[1]}`,
    `@other alpha ${A}`,
    `\t alpha ${A}\r`,
  ]
  expect(parseKnownHosts(text.join('\n'), file)).toMatchObject([
    { type: 'ssh-ed25519', line: 6, hosts: 'alpha' },
  ])
})

test('a name has its port only if that is not 22', () => {
  expect([knownHostName('Alpha', 22), knownHostName('::1', 2222)]).toEqual(['alpha', '[::1]:2222'])
})

describe('the verdict on a host key', () => {
  test('the key on file is accepted, and its type asked for first', () => {
    const { algorithms, judge } = policy(`alpha ${R}\nalpha ${E}\n`)
    expect(judge(blob('r'))).toBeNull()
    expect(judge(blob('e'))).toBeNull()
    expect(algorithms.slice(0, 3)).toEqual(['ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256'])
    expect(algorithms).not.toContain('ssh-rsa')
  })

  test('an unknown key is refused with its fingerprint and the line to add', () => {
    const error = policy('').judge(blob('a'))
    const print = execFileSync('ssh-keygen', ['-l', '-f', join(folder, 'a.pub')])
      .toString()
      .split(' ')[1]
    expect(error).toMatchObject({
      code: 'VM_REFUSED',
      message: `the host key of root@alpha:22, ED25519 key ${print}, is not known`,
    })
    expect(error?.remedy).toContain(`add this line to ${file}: alpha ${A}`)
  })

  test('another key of the same type has CHANGED', () => {
    const error = policy(`# first\nalpha ${A}\n`).judge(blob('b'))
    expect(error?.code).toBe('VM_REFUSED')
    expect(error?.message).toMatch(
      /ED25519 key SHA256:\S+, has CHANGED: .*known_hosts:2 has ED25519 key SHA256:/,
    )
    expect(error?.remedy).toContain(`ssh-keygen -f '${file}' -R 'alpha'`)
  })

  test('a key of a type that is not on file is no known key', () => {
    expect(policy(`alpha ${R}\n`).judge(blob('a'))?.message).toContain('is of a type that is not on file')
  })

  test('a revoked key is refused even if it is on file', () => {
    expect(policy(`alpha ${A}\n@revoked * ${A}\n`).judge(blob('a'))?.message).toContain('is REVOKED in')
    expect(policy(`alpha ${A}\nalpha ${R}\n@revoked * ${A}\n`).judge(blob('r'))).toBeNull()
  })

  test('a host that only an authority vouches for is refused, with the reason', () => {
    expect(policy(`@cert-authority * ${B}\n`).judge(blob('a'))?.message).toContain(
      'host certificates are not supported',
    )
    expect(policy(`@cert-authority * ${B}\n`).judge(blob('b'))?.message).toContain(
      'host certificates are not supported',
    )
    expect(policy(`@cert-authority * ${B}\nalpha ${A}\n`).judge(blob('a'))).toBeNull()
  })

  test('another port has its own key, or else that of the bare name, as with ssh', () => {
    expect(policy(`alpha ${A}\n`, 'alpha', 2222).judge(blob('a'))).toBeNull()
    expect(policy(`alpha ${A}\n`, 'alpha', 2222).judge(blob('b'))?.message).toContain('is not known')
    expect(policy(`alpha ${A}\n[alpha]:2222 ${B}\n`, 'alpha', 2222).judge(blob('a'))?.message).toContain(
      'CHANGED',
    )
  })

  test('an alias stands for host and port', () => {
    expect(policy(`web ${A}\n`, 'alpha', 2222, 'web').judge(blob('a'))).toBeNull()
    expect(policy(`alpha ${A}\n`, 'alpha', 22, 'web').judge(blob('a'))?.remedy).toContain(`: web ${A}`)
  })
})

function foundBySshKeygen(name: string): boolean {
  try {
    return (
      execFileSync('ssh-keygen', ['-F', name, '-f', file], { stdio: ['ignore', 'pipe', 'ignore'] }).length > 0
    )
  } catch {
    return false
  }
}
