import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { BIN, begin, PACKAGE, vmferry } from './command.ts'

const HOOKS = `
import { appendFileSync } from 'node:fs'
export function load(url, context, next) {
  appendFileSync(process.env.LOADED, url + '\\n')
  return next(url, context)
}
`

/** The ES modules that a command line loads, in their order; Node's own are left out. */
async function loadedBy(...args: string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vmferry-cli-'))
  try {
    const log = join(folder, 'loaded')
    await writeFile(join(folder, 'hooks.mjs'), HOOKS)
    const hooks = JSON.stringify(pathToFileURL(join(folder, 'hooks.mjs')).href)
    const register = `data:text/javascript,import{register}from'node:module';register(${hooks})`
    const { code } = await begin(['--import', register, BIN, ...args], {
      program: process.execPath,
      env: { LOADED: log },
    }).ended
    expect(code).toBe(0)
    return (await readFile(log, 'utf8'))
      .trimEnd()
      .split('\n')
      .filter((url) => url.startsWith('file:'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('--version prints the version of the package', async () => {
  const manifest = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as { version: string }
  for (const option of ['--version', '-V'])
    expect(await vmferry([option])).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
})

test('--version loads two modules and no library', async () => {
  const names = (await loadedBy('--version')).map((url) => url.split('/apps/cli/')[1])
  expect(names).toEqual(['bin/vmferry.js', 'dist/main.js', 'dist/version.js'])
})

test('--help loads neither the container nor a driver nor ssh', async () => {
  const loaded = (await loadedBy('--help')).join('\n')
  expect(loaded).toContain('commander')
  expect(loaded).not.toMatch(/tsyringe|ssh2|driver-|packages\/host/)
})

test('a migration in memory loads neither the QEMU driver nor ssh', async () => {
  const loaded = (await loadedBy('list', 'test:///default')).join('\n')
  expect(loaded).toContain('driver-test')
  expect(loaded).not.toMatch(/ssh2|driver-qemu|packages\/host/)
})
