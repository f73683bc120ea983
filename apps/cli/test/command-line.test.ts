import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { begin, jsonLines, vmferry, vmferryIn } from './command.ts'

describe('capabilities', () => {
  test('as text name driver, hypervisor and each ability', async () => {
    const { code, stdout } = await vmferry(['capabilities', 'test:///default?without=live'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^driver +test$/m)
    expect(stdout).toMatch(/^live +no$/m)
    expect(stdout).toMatch(/^resource +yes$/m)
  })

  test('as JSON have driver, uri, hypervisor and the manifest', async () => {
    const { code, stdout } = await vmferry(['capabilities', 'test:///default', '--format', 'json'])
    expect(code).toBe(0)
    const [answer] = jsonLines(stdout)
    expect(Object.keys(answer ?? {})).toEqual(['driver', 'uri', 'hypervisor', 'capabilities'])
    expect(answer).toMatchObject({ driver: 'test', capabilities: { live: true, domainRename: true } })
  })

  test('as XML are the document of the proposal, without the elements of what is lacking', async () => {
    const all = await vmferry(['capabilities', 'test:///default', '--format', 'xml'])
    expect(all.code).toBe(0)
    expect(all.stdout).toMatch(/<migration_features>[^]*<live\/>[^]*<resource\/>[^]*<domain_rename\/>/)
    expect(all.stdout).toMatch(/<uri_transport>memory<\/uri_transport>/)
    const fewer = await vmferry(['capabilities', 'test:///default?without=resource', '--format', 'xml'])
    expect(fewer.stdout).not.toContain('<resource/>')
  })

  test('of a host without a hypervisor are the manifest, a warning and exit code 0', async () => {
    const tools = await mkdtemp(join(tmpdir(), 'vmferry-cli-'))
    const names = (await readdir('/usr/bin')).filter((name) => !name.startsWith('qemu'))
    for (const name of names) await symlink(join('/usr/bin', name), join(tools, name))
    const uri = 'qemu:///session'
    const args = ['capabilities', uri, '--format', 'json']
    const { code, stdout, stderr } = await vmferry(args, { env: { PATH: tools } })
    await rm(tools, { recursive: true, force: true })
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `warning: no hypervisor is installed behind ${uri}: this is what the driver can do at most\n`,
    })
    expect(jsonLines(stdout)[0]).toMatchObject({
      driver: 'qemu',
      hypervisor: null,
      capabilities: { live: true },
    })
  })
})

describe('list, start and stop', () => {
  test('list ends without a word when nobody reads it', async () => {
    const running = begin(['list', 'test:///default'])
    running.child.stdout?.destroy()
    expect(await running.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('list prints a table, or one JSON line for each domain', async () => {
    const text = await vmferry(['list', 'test:///default'])
    expect(text.stdout).toMatch(/^NAME +STATE +MEMORY +UUID\nweb1 +running +64 MiB +[0-9a-f-]{36}\ndb1 .*\n$/)
    const json = await vmferry(['list', 'test:///default', '--json'])
    expect(jsonLines(json.stdout)).toMatchObject([
      { type: 'domain', name: 'web1', state: 'running', memoryBytes: 67_108_864 },
      { type: 'domain', name: 'db1' },
    ])
    expect((await vmferry(['list', 'test:///empty', '--json'])).stdout).toBe('')
  })

  test('start and stop tell what is now', async () => {
    expect(await vmferry(['start', 'test:///default', 'web9', '--'])).toMatchObject({
      code: 0,
      stdout: 'web9 is running on test:///default\n',
    })
    expect(await vmferry(['stop', 'test:///default', 'web1', '--force'])).toMatchObject({
      code: 0,
      stdout: 'web1 is stopped on test:///default\n',
    })
  })

  test('a domain that is not there, or a name that is taken, is exit code 1', async () => {
    const gone = await vmferry(['stop', 'test:///default', 'nobody'])
    expect(gone.code).toBe(1)
    expect(gone.stderr).toMatch(/^VM_NOT_FOUND/)
    const taken = await vmferry(['start', 'test:///default', 'web1'])
    expect(taken.code).toBe(1)
    expect(taken.stderr).toMatch(/^VM_EXISTS/)
  })

  test('a driver that adopts no domains says so, exit code 1', async () => {
    const { code, stderr } = await vmferry(['adopt', 'test:///default', 'web9', '--qmp', '/run/q.sock'])
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^VM_UNSUPPORTED/) })
  })
})

describe('plan', () => {
  test('tells the way and is exit code 0 when nothing is in the way', async () => {
    const { code, stdout } = await vmferry(['plan', 'test:///default', 'web1', 'test:///other', '--live'])
    expect(code).toBe(0)
    expect(stdout).toBe(
      'web1: test:///default -> test:///other\nby memory (both hosts are in this process)\nmemory: 64 MiB\nforecast: about 950 ms; the link carries 604 Mbps; the guest writes 41.9 Mbps\npossible\n',
    )
  })

  test('lists all blockers and is exit code 1 when there is one', async () => {
    const args = ['plan', 'test:///default', 'web1', 'test:///default']
    const text = await vmferry(args)
    expect(text.code).toBe(1)
    expect(text.stdout).toMatch(/^blocker on the target: .*\(name-taken\)\n {2}next: /m)
    expect(text.stdout).toMatch(/not possible\n$/)
    const json = await vmferry([...args, '--json'])
    expect(json.code).toBe(1)
    expect(jsonLines(json.stdout)).toMatchObject([{ type: 'plan', possible: false, domain: 'web1' }])
  })
})

describe('a refusal', () => {
  test.each([
    ['an unknown driver', ['list', 'nope:///'], 'VM_UNSUPPORTED'],
    ['a malformed URI', ['list', 'not a uri'], 'VM_INVALID'],
    ['an unknown domain', ['migrate', 'test:///default', 'nobody', 'test:///other'], 'VM_NOT_FOUND'],
    ['a name that cannot be one', ['migrate', 'test:///default', '../x', 'test:///other'], 'VM_INVALID'],
    [
      'a time-out action that the host lacks',
      'migrate test:///default?without=features web1 test:///other --timeout 9 --timeout-action suspend'.split(
        ' ',
      ),
      'VM_UNSUPPORTED',
    ],
  ])('for %s is exit code 1, text on stderr, one JSON line with --json', async (_, args, errorCode) => {
    const text = await vmferry(args)
    expect(text).toMatchObject({ code: 1, stdout: '' })
    expect(text.stderr.startsWith(errorCode)).toBe(true)
    expect(text.stderr).not.toContain('    at ')
    const json = await vmferry([...args, '--json'])
    expect(json).toMatchObject({ code: 1, stderr: '' })
    expect(jsonLines(json.stdout)).toMatchObject([{ type: 'error', error: { code: errorCode, causes: [] } }])
  })

  test.each([
    ['--copy-storage', 'test:///other'],
    ['--live', 'test:///other?without=live'],
    ['--rename=web2', 'test:///other?without=domainRename'],
    ['--bandwidth=10', 'test:///other?without=resource'],
    ['--uri=telnet://x', 'test:///other'],
    ['--connections=4', 'test:///other'],
    ['--postcopy', 'test:///other?without=postCopy'],
    ['--auto-converge', 'test:///other'],
  ])('of %s by the driver is exit code 1 and the last event', async (option, target) => {
    const { code, stdout } = await vmferry(['migrate', 'test:///default', 'web1', target, option, '--json'])
    expect(code).toBe(1)
    expect(jsonLines(stdout)).toMatchObject([
      {
        type: 'migration-complete',
        outcome: 'rolledBack',
        error: { code: 'VM_UNSUPPORTED', guest: { source: 'running', target: 'none' } },
      },
    ])
  })
})

describe('a command line that does not parse', () => {
  test.each([
    [[]],
    [['constructor']],
    [['__proto__']],
    [['list']],
    [['list', 'test:///default', 'more']],
    [['list', 'test:///default', '--unknown']],
    [['stop', 'test:///default', '-rf']],
    [['adopt', 'test:///default', 'x']],
    [['start', 'test:///default', 'x', '-m', '64']],
    [['capabilities', 'test:///default', '--format', '__proto__']],
    [['migrate', 'a:///', 'b', 'c:///', '--bandwidth', '-5']],
    [['migrate', 'a:///', 'b', 'c:///', '--bandwidth', '1e3']],
    [['migrate', 'a:///', 'b', 'c:///', '--bandwidth', 'Infinity']],
    [['migrate', 'a:///', 'b', 'c:///', '--bandwidth', '']],
    [['migrate', 'a:///', 'b', 'c:///', '--bandwidth']],
    [['migrate', 'a:///', 'b', 'c:///', '--max-downtime', '0']],
    [['migrate', 'a:///', 'b', 'c:///', '--stall-timeout', 'soon']],
    [['migrate', 'a:///', 'b', 'c:///', '--connections', '1.5']],
    [['migrate', 'a:///', 'b', 'c:///', '--timeout-action', 'explode']],
    [['complete', 'klingon']],
  ])('is exit code 2 with nothing on stdout: %j', async (args) => {
    const { code, stdout, stderr } = await vmferry(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).not.toBe('')
  })

  test('is told without obeying the escape sequences in it', async () => {
    const { stderr } = await vmferry(['\u001b[2J'])
    expect(stderr).not.toContain('\u001b')
  })
})

test('help names the commands of today on stdout, exit code 0', async () => {
  const { code, stdout } = await vmferry(['--help'])
  expect(code).toBe(0)
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) [^-]/gm)].map(([, name]) => name)
  expect(commands).toEqual([
    'capabilities',
    'list',
    'start',
    'adopt',
    'stop',
    'plan',
    'migrate',
    'recover',
    'demo',
    'complete',
    'help',
  ])
})

test('completion knows commands, options and choices, and prints a script for each shell', async () => {
  const answers = async (...words: string[]): Promise<string[]> =>
    (await vmferry(['complete', '--', ...words])).stdout.split('\n').map((line) => line.split('\t')[0] ?? '')
  expect(await answers('mi')).toContain('migrate')
  expect(await answers('migrate', '--ba')).toContain('--bandwidth')
  expect(await answers('capabilities', 'test:///default', '--format', '')).toEqual(
    expect.arrayContaining(['text', 'json', 'xml']),
  )
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const { code, stdout } = await vmferry(['complete', shell])
    expect(code).toBe(0)
    expect(stdout).toContain('vmferry')
  }
})

describe('--driver', () => {
  test('takes a package as the working directory sees it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vmferry-cli-'))
    try {
      const home = join(folder, 'node_modules', 'vmferry-driver-acme')
      await mkdir(home, { recursive: true })
      await writeFile(join(home, 'package.json'), '{ "type": "module", "exports": "./index.js" }')
      const driver = "{ contract: 1, name: 'acme', capabilities: {}, connect() { throw new Error('met') } }"
      await writeFile(join(home, 'index.js'), `export const driver = () => (${driver})`)
      const args = ['--driver', 'vmferry-driver-acme', 'list', 'acme:///']
      const { code, stderr } = await vmferry(args, { cwd: folder })
      expect(code).toBe(1)
      expect(stderr).toBe(
        'VM_PROTOCOL: met\nnext: this is a fault of the program; VMFERRY_DEBUG=1 tells where\n',
      )
      const told = await vmferry(args, { cwd: folder, env: { VMFERRY_DEBUG: '1' } })
      expect(told.stderr).toContain('    at ')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('refuses a package that is not there or is no driver', async () => {
    const none = await vmferry(['list', 'acme:///', '--driver', 'vmferry-driver-none'])
    expect(none).toMatchObject({ code: 1, stdout: '' })
    expect(none.stderr).toMatch(/^VM_NOT_FOUND: the driver package 'vmferry-driver-none'/)
    const other = await vmferry(['list', 'acme:///', '--driver', 'commander'])
    expect(other.stderr).toMatch(/^VM_INVALID: the package 'commander' exports no function named 'driver'/)
  })

  test('replaces a shipped driver of the same name', async () => {
    const { code, stderr } = await vmferryIn({ announce: true }, ['list', 'test:///default']).ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'connecting\n' })
  })
})
