import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { begin, jsonLines, type Running, vmferry } from './command.ts'

const HOST = fileURLToPath(new URL('../../../packages/driver-test/bin/vmferry-test-host.js', import.meta.url))

/** A host in a process of its own. */
async function host(name: string, ...more: readonly string[]): Promise<Running & { readonly uri: string }> {
  const running = begin([HOST, '--listen', '127.0.0.1:0', '--host', name, ...more], {
    program: process.execPath,
  })
  onTestFinished(() => {
    running.child.kill('SIGKILL')
  })
  let line = ''
  running.child.stdout?.on('data', (text: string) => {
    line += text
  })
  await running.seen('\n')
  return { ...running, uri: line.trim() }
}

/** A folder for journals, gone with the test. */
function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vmferry-recover-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

async function states(uri: string): Promise<unknown[]> {
  const { stdout } = await vmferry(['list', uri, '--json'])
  return stdout === '' ? [] : jsonLines(stdout).map(({ name, state }) => `${String(name)} ${String(state)}`)
}

/** A command that is killed in the middle of a copy: both hosts are left with their halves. */
async function killedInMidCopy() {
  const [one, two] = await Promise.all([
    host('default', '--link-bytes-per-second', '4000000'),
    host('beta', '--link-bytes-per-second', '4000000'),
  ])
  const state = stateFolder()
  const env = { XDG_STATE_HOME: state }
  const moving = begin(['migrate', one.uri, 'web1', two.uri, '--live', '--json'], { env })
  await moving.seen('"type":"progress"')
  moving.child.kill('SIGKILL')
  await moving.ended
  return { one, two, state, env }
}

describe('vmferry recover', () => {
  test('says so when there is nothing to recover', async () => {
    const { code, stdout } = await vmferry(['recover'], { env: { XDG_STATE_HOME: stateFolder() } })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'there is nothing to recover\n' })
  })

  test('rolls back what was killed in mid-copy, once, and the guest can be moved again', async () => {
    const { one, two, state, env } = await killedInMidCopy()
    const { code, stdout } = await vmferry(['recover'], { env })
    expect(stdout).toMatch(/^m-[0-9a-f]{16}: web1: rolled back: it is at test\+tcp:\/\/.*, as it was\n$/)
    expect(code).toBe(1)
    expect(await states(one.uri)).toEqual(['web1 running', 'db1 running'])
    expect(await states(two.uri)).toEqual([])
    expect(readdirSync(join(state, 'vmferry/journal'))).toEqual([])
    expect((await vmferry(['recover'], { env })).stdout).toBe('there is nothing to recover\n')
    const again = await vmferry(['migrate', one.uri, 'db1', two.uri, '--json'], { env })
    expect(again.code).toBe(0)
  })

  test('does the same from a machine that never heard of it, by one of the hosts', async () => {
    const { one, two } = await killedInMidCopy()
    const env = { XDG_STATE_HOME: stateFolder() }
    expect((await vmferry(['recover'], { env })).stdout).toBe('there is nothing to recover\n')
    const { code, stdout } = await vmferry(['recover', '--host', two.uri, '--json'], { env })
    const recovery = { type: 'recovery', domain: 'web1', outcome: 'rolledBack', pending: [], source: one.uri }
    expect(jsonLines(stdout)).toMatchObject([recovery])
    expect(code).toBe(1)
    expect(await states(one.uri)).toEqual(['web1 running', 'db1 running'])
    expect(await states(two.uri)).toEqual([])
  })

  test('changes nothing while a host does not answer, and says which', async () => {
    const { one, two, env } = await killedInMidCopy()
    one.child.kill('SIGKILL')
    const { code, stdout } = await vmferry(['recover', '--json'], { env })
    expect(jsonLines(stdout)).toMatchObject([
      { outcome: 'inDoubt', error: { code: 'VM_IN_DOUBT', host: '127.0.0.1', guest: { source: 'unknown' } } },
    ])
    expect(code).toBe(3)
    expect(await states(two.uri)).toEqual(['web1 incoming'])
  }, 120_000)

  test('names an id that is not open', async () => {
    const { code, stderr } = await vmferry(['recover', 'm-0000000000000000'])
    expect(stderr).toMatch(/^VM_NOT_FOUND: the journal has no open migration m-0000000000000000\n/)
    expect(code).toBe(1)
  })
})
