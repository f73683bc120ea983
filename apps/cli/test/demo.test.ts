import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonLines, vmferry } from './command.ts'

const hasQemu = spawnSync('qemu-system-x86_64', ['--version']).status === 0

test.runIf(hasQemu)('demo moves a real guest with QEMU and leaves nothing behind', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'vmferry-cli-'))
  try {
    const { code, stdout, stderr } = await vmferry(['demo', '--json'], { env: { TMPDIR: temporary } })
    expect(stderr).toMatch(/^a guest of 64 MiB in QEMU /)
    expect(code).toBe(0)
    const events = jsonLines(stdout)
    const start = events.find(({ type }) => type === 'migration-start')
    expect(start).toMatchObject({ driver: 'qemu', domain: 'demo' })
    expect(events.at(-1)).toMatchObject({ type: 'migration-complete', outcome: 'migrated', driver: 'qemu' })
    expect(readdirSync(temporary)).toEqual([])
    expect(guestsUnder(temporary)).toEqual([])
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
})

test('demo without QEMU uses the hypervisor in memory, and says so', async () => {
  const nowhere = { TMPDIR: '/nonexistent/vmferry' }
  const { code, stdout, stderr } = await vmferry(['demo', '--json'], { env: nowhere })
  expect(code).toBe(0)
  expect(stderr).toMatch(/^QEMU cannot be used here: .*\nso this is the hypervisor in memory/)
  expect(jsonLines(stdout).at(-1)).toMatchObject({ outcome: 'migrated', driver: 'test', domain: 'web1' })
})

/** Command lines of hypervisors that name that folder. */
function guestsUnder(folder: string): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line.startsWith('qemu') && line.includes(folder))
}
