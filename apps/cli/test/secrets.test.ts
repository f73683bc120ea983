import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Ended, vmferry } from './command.ts'

const SECRET = 'hunter2-canary'
const hasQemu = spawnSync('qemu-system-x86_64', ['--version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'vmferry-secrets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A token that the process has, and a key file: everything that it says with debugging switched on. */
function debugged(...args: readonly string[]): Promise<Ended> {
  const env = {
    VMFERRY_DEBUG: '1',
    ACME_TOKEN: `token-${SECRET}`,
    HOME: folder,
    XDG_STATE_HOME: join(folder, 'state'),
  }
  return vmferry(args, { env })
}

const said = ({ stdout, stderr }: Ended): string => stdout + stderr

test('a password in a URI is in nothing that a command prints, debugging included', async () => {
  writeFileSync(join(folder, 'id_ed25519'), SECRET, { mode: 0o600 })
  const hostile = `qemu+ssh://root:${SECRET}@alpha/system`
  const commands = [
    ['capabilities', hostile],
    ['list', hostile, '--json'],
    ['start', hostile, 'web1', '--', 'qemu-system-x86_64'],
    ['plan', 'test:///default', 'web1', hostile],
    ['migrate', hostile, 'web1', 'test:///other', '--json'],
    ['migrate', 'test:///default', 'web1', 'test:///other', '--uri', `ssh://root:${SECRET}@beta/`, '--json'],
    ['migrate', 'test:///default', 'web1', 'test:///other', '--uri', `root:${SECRET}@beta`],
    ['migrate', 'test:///default', 'web1', 'test:///other', '--live'],
  ]
  const ends = await Promise.all(commands.map((command) => debugged(...command)))
  expect(ends.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1, 1, 1, 0])
  expect(ends.map(said).filter((words) => words.includes(SECRET))).toEqual([])
  expect(said(ends[0] as Ended)).toContain('VM_INVALID')
})

describe.skipIf(!hasQemu)('a secret on a QEMU command line', () => {
  test('is in no output of start, list, plan, migrate and stop, nor in a file that others can read', async () => {
    const [here, there] = ['a', 'b'].map((room) => `qemu:///session?run=${folder}/${room}`) as [
      string,
      string,
    ]
    const machine = [
      'qemu-system-x86_64',
      '-accel',
      'tcg',
      '-machine',
      'pc',
      '-m',
      '64',
      '-nodefaults',
      '-display',
      'none',
    ]
    const command = [...machine, '-object', `secret,id=s0,data=${SECRET}`]
    const ends = [
      await debugged('start', here, 'web1', '--', ...command, '-device', 'flux-capacitor'),
      await debugged(
        'start',
        here,
        'web1',
        '--',
        ...machine,
        '-object',
        `secret,id=s0,data=${SECRET},format=x`,
      ),
      await debugged('start', here, 'web1', '--', ...command),
    ]
    try {
      ends.push(await debugged('list', here, '--json'))
      ends.push(await debugged('plan', here, 'web1', there, '--json'))
      ends.push(await debugged('migrate', here, 'web1', there, '--live', '--json'))
      const kept = readdirSync(join(folder, 'b'), { recursive: true, withFileTypes: true })
        .filter(
          (file) =>
            file.isFile() && readFileSync(join(file.parentPath, file.name), 'latin1').includes(SECRET),
        )
        .map((file) => ({ name: file.name, mode: statSync(join(file.parentPath, file.name)).mode & 0o777 }))
      expect(kept).toContainEqual({ name: 'definition.json', mode: 0o600 })
      expect(kept.filter(({ mode }) => mode !== 0o600)).toEqual([])
    } finally {
      ends.push(await debugged('stop', there, 'web1', '--force'))
      await debugged('stop', here, 'web1', '--force')
    }
    expect(ends.map(({ code }) => code)).toEqual([1, 1, 0, 0, 0, 0, 0])
    expect(ends.map(said).join('\n')).toContain('flux-capacitor')
    expect(ends.map(said).filter((words) => words.includes(SECRET))).toEqual([])
  })
})
