import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { xenGuest, xenProblem } from '@vmferry/lab'
import { expect, it, onTestFinished, vi } from 'vitest'
import { runCommand } from '../../src/command.ts'
import { findProgram } from '../../src/lab-problem.ts'
import { writeXenKeys } from '../../src/xen/xen-keys.ts'
import { xenMachine } from '../../src/xen/xen-machine.ts'

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'xen words '))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

it('why there are no Xen hosts is said in a sentence', async () => {
  vi.stubEnv('XDG_CACHE_HOME', await temporaryFolder())
  vi.stubEnv('PATH', '/nowhere')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  expect(await xenProblem()).toMatch(/^no Xen hosts: |missing/)
})

it('a guest is of the type that can be moved live, and large enough to boot', () => {
  const guest = xenGuest({ name: 'web1', memoryMiB: 128, fillMiB: 4 })
  expect(guest).toContain('name = "web1"\n')
  expect(guest).toContain('type = "pvh"\n')
  expect(guest).toContain('memory = 128\n')
  expect(guest).toContain('fill_mib=4"\n')
  expect(() => xenGuest({ name: 'web1', memoryMiB: 64 })).toThrow('64 MiB hold no Linux guest')
})

it('the two machines are the two ends of one link', () => {
  const link = (words: readonly string[]) => words.find((word) => word.startsWith('dgram,')) ?? ''
  expect(link(xenMachine('alpha', 1))).toContain(
    'local.path=alpha.link,remote.type=unix,remote.path=beta.link',
  )
  expect(link(xenMachine('beta', 2))).toContain(
    'local.path=beta.link,remote.type=unix,remote.path=alpha.link',
  )
})

it.skipIf((await findProgram('ssh')) === undefined)('ssh understands how to reach the hosts', async () => {
  const folder = join(await temporaryFolder(), 'ssh')
  const { config, knownHosts, identity } = await writeXenKeys(folder, { alpha: 4001, beta: 4002 })
  const { stdout } = await runCommand(['ssh', '-F', config, '-G', 'beta'])
  const settings = ['hostname 127.0.0.1', 'port 4002', 'hostkeyalias beta', 'stricthostkeychecking true']
  for (const line of [...settings, `identityfile ${identity}`]) expect(stdout).toContain(`${line}\n`)
  for (const name of ['beta', '10.99.0.2', '[127.0.0.1]:4002']) {
    const found = await runCommand(['ssh-keygen', '-F', name, '-f', knownHosts])
    expect(found.stdout).toContain(`# Host ${name} found`)
  }
})
