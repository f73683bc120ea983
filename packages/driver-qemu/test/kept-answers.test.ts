import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallOptions, HostChannel } from '@vmferry/core/driver'
import { expect, onTestFinished, test } from 'vitest'
import { keptAnswers } from '../src/guest/kept-answers.ts'

const call: CallOptions = { signal: new AbortController().signal }
const missing = spawnSync('qemu-system-x86_64', ['--version']).error
  ? 'qemu-system-x86_64 is not installed'
  : ''
const title = missing ? `: ${missing}` : ''

/** This machine as a host; its commands come to their ends. */
const host = {
  name: 'alpha',
  async exec([program = '', ...words]: readonly string[], options: { readonly input?: string }) {
    const { status, stdout, stderr } = spawnSync(program, words, {
      input: options.input ?? '',
      encoding: 'utf8',
    })
    return { code: status, signal: null, stdout, stderr }
  },
} as unknown as HostChannel

/** A run directory, and a QEMU that counts how often it is started. */
function counting() {
  const folder = mkdtempSync(join(tmpdir(), 'vmferry-kept-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [run, binary, count] = ['run', 'qemu', 'count'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const install = (command: string): void => {
    writeFileSync(binary, `#!/bin/sh\necho >>${count}\n${command}\n`)
    chmodSync(binary, 0o755)
  }
  install('exec qemu-system-x86_64 "$@"')
  const files = (): string[] =>
    existsSync(run) ? readdirSync(join(run, '.qemus')).map((name) => join(run, '.qemus', name)) : []
  return {
    install,
    starts: () => (existsSync(count) ? readFileSync(count, 'utf8').length : 0),
    files,
    /** Another connection to the host. */
    connect() {
      const kept = keptAnswers(host, run)
      const of = (accelerator: 'kvm' | 'tcg' = 'tcg') =>
        kept.of(binary, accelerator, [{ execute: 'query-version' }], call)
      return { of, file: () => kept.file(call) }
    },
  }
}

test.skipIf(missing)(`a QEMU is started until its answers are filed, and not again${title}`, async () => {
  const { connect, starts, files } = counting()
  const first = connect()
  const said = await first.of()
  expect(said.get('query-version')?.return).toMatchObject({ qemu: { major: expect.any(Number) } })
  expect(await connect().of()).toEqual(said)
  expect([starts(), files()]).toEqual([2, []])

  await first.file()
  expect(files()).toHaveLength(1)
  expect(files().map((file) => statSync(file).mode & 0o777)).toEqual([0o600])
  const later = connect()
  expect(await later.of()).toEqual(said)
  await later.file()
  expect([starts(), files().length]).toEqual([2, 1])
})

test.skipIf(missing)(
  `what was heard over a connection is not read again, unless the QEMU is another${title}`,
  async () => {
    const { connect, install, starts, files } = counting()
    const connection = connect()
    const said = await connection.of()
    await connection.file()
    const [path = ''] = files()
    writeFileSync(path, `${readFileSync(path, 'utf8').split('\n')[0]}\nnothing\n`)
    expect(await connection.of()).toBe(said)
    expect((await connect().of()).size).toBe(0)
    install('exec qemu-system-x86_64 "$@" # upgraded')
    expect((await connection.of()).has('quit')).toBe(true)
    expect(starts()).toBe(2)
  },
)

test.skipIf(missing)(
  `a QEMU that was changed, and a file that is of another boot or torn, are not believed${title}`,
  async () => {
    const { connect, install, starts, files } = counting()
    const filed = async (): Promise<void> => {
      const connection = connect()
      await connection.of()
      await connection.file()
    }
    await filed()
    install('exec qemu-system-x86_64 "$@" # upgraded')
    await filed()
    await filed()
    expect(starts()).toBe(2)

    const [path = ''] = files()
    const text = readFileSync(path, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    for (const [at, other] of [
      text.replace(boot, boot.replace(/^./, 'x')),
      text.slice(0, 20),
      '',
    ].entries()) {
      writeFileSync(path, other)
      await filed()
      expect(starts()).toBe(3 + at)
    }
    await filed()
    expect(starts()).toBe(5)
  },
)

test('a QEMU that does not come to its end, and one that is not there, leave nothing on file', async () => {
  const { connect, install, files } = counting()
  install(`echo '{"return": {}, "id": "qmp_capabilities"}'`)
  const connection = connect()
  expect([...(await connection.of()).keys()]).toEqual(['qmp_capabilities'])
  install('exit 1')
  expect((await connection.of('kvm')).size).toBe(0)
  const other = keptAnswers(host, '/nowhere')
  expect((await other.of('/nowhere/qemu', 'tcg', [], call)).size).toBe(0)
  await connection.file()
  await other.file(call)
  expect(files()).toEqual([])
})
