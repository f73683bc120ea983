import { EventEmitter, once } from 'node:events'
import type { CallOptions, HostChannel, HostProcess } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { stayingShell } from '../src/staying-shell.ts'
import { fakeShell } from './fake-shell.ts'

/** A shell on a host where it is not up before it is let. It answers a command with `answers`, or not at all. */
function slow(answers: Readonly<Record<string, string>> = {}) {
  const heard: string[] = []
  const ends: string[] = []
  const fake = fakeShell(
    (words) => {
      heard.push(words)
      const stdout = answers[words]
      return stdout === undefined ? null : { stdout, stderr: stdout.endsWith('= 0\n') ? '= 0\n' : stdout }
    },
    () => ends.push('killed'),
  )
  const { process, stdout, stderr } = fake
  void fake.letGo.then(() => ends.push('let go'))
  const gate = new EventEmitter()
  const spawn = async (): Promise<HostProcess> => {
    await once(gate, 'up')
    return process
  }
  const host = { name: 'beta', spawn } as unknown as HostChannel
  const stop = new AbortController()
  const call: CallOptions = { signal: stop.signal }
  const shell = stayingShell(host, 'first\n', call)
  return {
    heard,
    ends,
    stop,
    call,
    shell,
    stdout,
    stderr,
    up: () => gate.emit('up'),
    die: fake.die,
    fail: (error: Error) => gate.emit('error', error),
  }
}

test('it is told as soon as it is up, one command after another, and let go', async () => {
  const { heard, ends, up, call, shell } = slow({ 'one\n': 'a\n= 0\n', 'two\n': '= 0\n' })
  const answer = shell.run('one\n', call)
  up()
  expect(await answer).toEqual({ stdout: 'a\n= 0\n', stderr: '= 0\n' })
  expect(await shell.run('two\n', call)).toMatchObject({ stdout: '= 0\n' })
  await shell.end()
  await shell.end()
  expect([heard, ends, await shell.run('one\n', call)]).toEqual([
    ['first\n', 'one\n', 'two\n'],
    ['let go'],
    null,
  ])
})

test('one that does not come up is null to whoever wants it, and nothing is left to be ended', async () => {
  const { fail, call, shell } = slow()
  fail(new Error('no session left'))
  expect(await shell.run('one\n', call)).toBeNull()
  await shell.end()
})

test('one that does something is null to another, and one whose command failed to all', async () => {
  const { up, call, shell, heard } = slow({ 'one\n': '= 76\n' })
  up()
  const first = shell.run('one\n', call)
  expect(await shell.run('two\n', call)).toBeNull()
  expect(await first).toMatchObject({ stdout: '= 76\n' })
  expect(await shell.run('two\n', call)).toBeNull()
  expect(heard).toEqual(['first\n', 'one\n'])
})

test('one that has died in the meantime is null, and told nothing', async () => {
  const { up, die, call, shell, heard } = slow({ 'one\n': '= 0\n' })
  up()
  await shell.run('one\n', call)
  die()
  await new Promise(setImmediate)
  expect(await shell.run('two\n', call)).toBeNull()
  expect(heard).toEqual(['first\n', 'one\n'])
})

test('what it says before its end is all that there is, without a verdict', async () => {
  const { up, call, shell, stdout, stderr } = slow()
  up()
  const answer = shell.run('one\n', call)
  await new Promise(setImmediate)
  stdout.end('half')
  stderr.end('its words')
  expect(await answer).toEqual({ stdout: 'half', stderr: 'its words' })
  expect(await shell.run('one\n', call)).toBeNull()
})

test('one that comes up when nobody waits any more is not told, and ended', async () => {
  const { heard, ends, up, stop, call, shell } = slow()
  const answer = shell.run('one\n', call)
  stop.abort()
  await expect(answer).rejects.toMatchObject({ code: 'VM_ABORTED' })
  up()
  await shell.end()
  expect([heard, ends.includes('killed')]).toEqual([['first\n'], true])
})

test('a command that would not come whole is told to nobody', async () => {
  const { up, call, shell } = slow()
  up()
  expect(await shell.run('one\0\n', call)).toBeNull()
})
