import { EventEmitter, once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { EffectOptions, HostChannel, HostProcess } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { standBy } from '../src/stand-by.ts'

/** A script that answers what it is told, on a host where it is not up before it is let. */
function slow() {
  const heard: string[] = []
  let killed = false
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  stdin.on('data', (chunk: Buffer) => {
    heard.push(String(chunk))
    stdout.write('done\n= 0\n')
  })
  const process = {
    stdin,
    stdout,
    stderr: new PassThrough(),
    exit: new Promise(() => {}),
    kill: async () => void (killed = true),
  } as unknown as HostProcess
  const gate = new EventEmitter()
  const spawn = async (): Promise<HostProcess> => {
    await once(gate, 'up')
    return process
  }
  const host = { name: 'beta', spawn } as unknown as HostChannel
  const stop = new AbortController()
  const call = { signal: stop.signal } as EffectOptions
  return {
    heard,
    killed: () => killed,
    up: () => gate.emit('up'),
    fail: (error: Error) => gate.emit('error', error),
    stop,
    call,
    host,
  }
}

test('a script is told as soon as it is up, once, and not ended after its work', async () => {
  const { heard, killed, up, call, host } = slow()
  const waiting = standBy(host, ['sh'], call)
  const words = waiting.tell('7\n', call)
  up()
  expect(await words).toBe('done\n= 0\n')
  expect(await waiting.tell('7\n', call)).toBeNull()
  await waiting.end()
  expect([heard, killed()]).toEqual([['7\n'], false])
})

test('one that does not come up is null to whoever wants it, and nothing is left to be ended', async () => {
  const { fail, call, host } = slow()
  const waiting = standBy(host, ['sh'], call)
  fail(new Error('no session left'))
  expect(await waiting.tell('7\n', call)).toBeNull()
  await waiting.end()
})

test('one that comes up when nobody waits any more is not told, and ended', async () => {
  const { heard, killed, up, stop, call, host } = slow()
  const waiting = standBy(host, ['sh'], call)
  const words = waiting.tell('7\n', call)
  stop.abort()
  await expect(words).rejects.toMatchObject({ code: 'VM_TIMEOUT' })
  up()
  await waiting.end()
  expect([heard, killed()]).toEqual([[], true])
})
