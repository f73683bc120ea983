import { fileURLToPath } from 'node:url'
import { createFerry, isVmError } from '@vmferry/core'
import { test as hypervisor } from '@vmferry/driver-test'
import { describe, expect, onTestFinished, test } from 'vitest'
import { begin, type Ended, jsonLines, type Running, vmferry } from './command.ts'

const HOST = fileURLToPath(new URL('../../../packages/driver-test/bin/vmferry-test-host.js', import.meta.url))

function testHost(...args: readonly string[]): Running {
  return begin([HOST, ...args], { program: process.execPath })
}

/** A host in a process of its own, on a free port. */
async function started(
  name: string,
  ...args: readonly string[]
): Promise<Running & { readonly uri: string }> {
  const running = testHost('--listen', '127.0.0.1:0', '--host', name, ...args)
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

async function names(uri: string): Promise<unknown[]> {
  const { stdout } = await vmferry(['list', uri, '--json'])
  return stdout === '' ? [] : jsonLines(stdout).map(({ name, state }) => `${String(name)} ${String(state)}`)
}

test('a guest is moved live between two test hosts, with a limit and a new name', async () => {
  const [one, two] = await Promise.all([started('default'), started('beta')])
  const words = ['migrate', one.uri, 'web1', two.uri, '--live', '--bandwidth', '400', '--rename', 'web2']
  const { code, stdout, stderr } = await vmferry([...words, '--json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const last = jsonLines(stdout).at(-1) as { report: { bytes: number; totalMs: number } }
  expect(last).toMatchObject({ type: 'migration-complete', outcome: 'migrated', domain: 'web2' })
  const { bytes, totalMs } = last.report
  expect(bytes).toBeGreaterThanOrEqual(64 * 1024 ** 2)
  expect(totalMs / 1000).toBeGreaterThanOrEqual((0.9 * bytes) / 50e6)
  expect(await names(one.uri)).toEqual(['db1 running'])
  expect(await names(two.uri)).toEqual(['web2 running'])
  const document = await vmferry(['capabilities', two.uri, '--format', 'xml'])
  expect(document.stdout).toMatch(/<live\/>[^]*<resource\/>[^]*<domain_rename\/>/)
  expect(document.stdout.match(/<uri_transport>/g)).toHaveLength(1)
})

test('a guest stays where it is when the target is killed in mid-copy', async () => {
  const [one, two] = await Promise.all([
    started('default', '--link-bytes-per-second', '1000000'),
    started('beta'),
  ])
  const moving = begin(['migrate', one.uri, 'web1', two.uri, '--live', '--json'])
  await moving.seen('"type":"progress"')
  two.child.kill('SIGKILL')
  const { code, stdout } = await moving.ended
  expect(code).toBe(1)
  expect(jsonLines(stdout).at(-1)).toMatchObject({
    outcome: 'rolledBack',
    error: { guest: { source: 'running' } },
  })
  expect(await names(one.uri)).toEqual(['web1 running', 'db1 running'])
})

test('nothing is claimed that nobody knows when the source is killed in mid-copy', async () => {
  const [one, two] = await Promise.all([
    started('default', '--link-bytes-per-second', '1000000'),
    started('beta'),
  ])
  const moving = begin(['migrate', one.uri, 'web1', two.uri, '--live', '--json', '--settle-timeout', '3'])
  await moving.seen('"type":"progress"')
  one.child.kill('SIGKILL')
  const { code, stdout } = await moving.ended
  expect(code).toBe(3)
  expect(jsonLines(stdout).at(-1)).toMatchObject({
    outcome: 'inDoubt',
    error: { guest: { source: 'unknown', target: 'stopped' } },
  })
  // it may be the only copy by now: it is left alone until somebody recovers
  expect(await names(two.uri)).toEqual(['web1 incoming'])
})

test('two guests are moved at once, and one is called back half-way', async () => {
  const [one, two] = await Promise.all([started('default'), started('beta')])
  const ferry = createFerry({ drivers: [hypervisor()] })
  const here = await ferry.connect(one.uri)
  const there = await ferry.connect(two.uri)
  const [web1, db1] = await Promise.all([here.domain('web1'), here.domain('db1')])
  const staying = web1.migrate(there, { live: true, bandwidth: 80 })
  const moving = db1.migrate(there, { live: true })
  for await (const { type } of staying) if (type === 'progress') break
  await staying.cancel('a test')
  expect((await moving).name).toBe('db1')
  const error: unknown = await staying.done.catch((reason: unknown) => reason)
  expect(isVmError(error, 'VM_ABORTED') && error.outcome).toBe('rolledBack')
  expect(await names(one.uri)).toEqual(['web1 running'])
  expect(await names(two.uri)).toEqual(['db1 running'])
  await ferry.close()
})

describe('vmferry-test-host', () => {
  const told = async (...args: readonly string[]): Promise<Ended> => testHost(...args).ended

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'prints one line, and ends with exit code 0 on %s',
    async (signal) => {
      const host = await started('default')
      expect(host.uri).toMatch(/^test\+tcp:\/\/127\.0\.0\.1:\d+\/default$/)
      host.child.kill(signal)
      expect(await host.ended).toMatchObject({ code: 0, signal: null, stdout: `${host.uri}\n`, stderr: '' })
    },
  )

  test('tells what to do when its port is taken: exit code 1', async () => {
    const host = await started('default')
    const { code, stdout, stderr } = await told('--listen', new URL(host.uri).host)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^VM_CONNECTION: cannot listen on .*: something listens there already\nnext: end it, or .*\n$/,
    )
  })

  test.each([
    [['--listen', '7070']],
    [['--listen', '127.0.0.1:70700']],
    [['--host', '../x']],
    [['--link-bytes-per-second', '0']],
    [['--faults']],
    [['default']],
  ])('refuses %j with exit code 2', async (args) => {
    const { code, stdout, stderr } = await told(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^VM_INVALID: .*\nnext: vmferry-test-host --help\n$/)
  })

  test('has --help and --version, and warns where others could reach it', async () => {
    expect(await told('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('never expose it'),
    })
    expect((await told('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    const host = testHost('--listen', '0.0.0.0:0')
    onTestFinished(() => {
      host.child.kill('SIGKILL')
    })
    await host.seen('warning: whoever reaches 0.0.0.0:')
  })
})
