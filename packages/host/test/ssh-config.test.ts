import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkHostName, resolveTarget, type SshQuestion } from '../src/ssh-config.ts'
import { jumpQuestion } from '../src/ssh-jump.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmferry-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const config = join(folder, 'config')
const signal = new AbortController().signal
const ask = (question: Partial<SshQuestion> & { host: string }, program?: string) =>
  resolveTarget({ port: null, user: null, config, ...question }, signal, program)

const text = `
Host web
  HostName %h.example.org
  Port 2200
  User bob
  IdentityFile ~/.ssh/id_%n_%r
  IdentityFile "/etc/keys/%p"
  IdentitiesOnly yes
  IdentityAgent ~/agent.sock
  UserKnownHostsFile ~/kh ${folder}/kh2
  GlobalKnownHostsFile /etc/kh
  ProxyJump joe@j1:2201,j2
  HostKeyAlias webby
  ConnectTimeout 7
Host *
  User everybody
  IdentityAgent none
  StrictHostKeyChecking no
`

describe.each([
  ['as OpenSSH reads it', 'ssh'],
  ['where OpenSSH is not installed', join(folder, 'no-ssh')],
])('the configuration, %s', (_, program) => {
  test('says where and how', async () => {
    writeFileSync(config, text)
    expect(await ask({ host: 'web' }, program)).toEqual({
      alias: 'web',
      host: 'web.example.org',
      port: 2200,
      user: 'bob',
      identities: [`${homedir()}/.ssh/id_web_bob`, '/etc/keys/2200'],
      identitiesOnly: true,
      agent: `${homedir()}/agent.sock`,
      knownHosts: [`${homedir()}/kh`, `${folder}/kh2`, '/etc/kh'],
      hostKeyAlias: 'webby',
      jumps: ['joe@j1:2201', 'j2'],
      proxyCommand: null,
      connectTimeout: 7000,
    })
  })

  test('gives way to the URI', async () => {
    writeFileSync(config, text)
    expect(await ask({ host: 'web', port: 99, user: 'zoe' }, program)).toMatchObject({
      port: 99,
      user: 'zoe',
    })
  })

  test('has defaults', async () => {
    writeFileSync(config, text)
    const other = await ask({ host: 'other' }, program)
    expect(other).toMatchObject({
      host: 'other',
      port: 22,
      user: 'everybody',
      agent: null,
      jumps: [],
      connectTimeout: null,
    })
    expect(other.identities).toContain(`${homedir()}/.ssh/id_ed25519`)
    expect(other.knownHosts).toContain(`${homedir()}/.ssh/known_hosts`)
    expect(await ask({ host: 'web', config: null }, program)).toMatchObject({
      host: 'web',
      port: 22,
      jumps: [],
    })
  })

  test('that is not there is an error', async () => {
    const missing = join(folder, 'missing')
    await expect(ask({ host: 'web', config: missing }, program)).rejects.toMatchObject({ code: 'VM_INVALID' })
  })
})

test('what only OpenSSH can follow is refused without it', async () => {
  writeFileSync(config, 'Include other\nHost web\n  User bob\n')
  const asked = ask({ host: 'web' }, join(folder, 'no-ssh'))
  await expect(asked).rejects.toMatchObject({ code: 'VM_UNSUPPORTED' })
})

test('a host name that could be anything else is refused before any program sees it', async () => {
  for (const host of ['', '-oProxyCommand=x', 'a b', 'a;b', '$(x)', 'a\nb', 'a\0b', 'a/b', 'x'.repeat(300)]) {
    await expect(ask({ host })).rejects.toMatchObject({ code: 'VM_INVALID' })
  }
  for (const host of ['alpha', 'a-b.example.org', '192.0.2.1', '::1', 'fe80::1%eth0', 'under_score'])
    checkHostName(host)
})

test('a server to go through is written in the ways of ssh', () => {
  const parts = (jump: string) => jumpQuestion(jump, null)
  expect(parts('j')).toEqual({ host: 'j', user: null, port: null, config: null })
  expect(parts('joe@j:22')).toMatchObject({ host: 'j', user: 'joe', port: 22 })
  expect(parts('ssh://joe@[::1]:2222/')).toMatchObject({ host: '::1', user: 'joe', port: 2222 })
})
