import type { CallOptions, Clock, HostChannel } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { stayingShells } from '../src/staying-shells.ts'
import { fakeShell } from './fake-shell.ts'

/** The shells of a host, which tells which of them were ended. A command is answered with a verdict: the code in it. */
function shells() {
  const ended: number[] = []
  const all: ReturnType<typeof fakeShell>[] = []
  const waits: (() => void)[] = []
  const verdict = (words: string) => {
    const code = /^code (\d+)\n$/.exec(words)?.[1]
    return code === undefined ? null : { stdout: `= ${code}\n`, stderr: `= ${code}\n` }
  }
  const spawn = async () => {
    const shell = fakeShell(verdict)
    const own = all.push(shell)
    void shell.letGo.then(() => ended.push(own))
    return shell.process
  }
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    schedule: (_ms, callback) => {
      waits.push(callback)
      return () => void waits.splice(waits.indexOf(callback), 1)
    },
  }
  const host = { name: 'alpha', spawn } as unknown as HostChannel
  const call: CallOptions = { signal: new AbortController().signal }
  const pool = stayingShells({ host, clock, runDirectory: '/run' }, { script: '' })
  return {
    pool,
    call,
    ended,
    /** How many have come up. */
    up: () => all.length,
    die: (own: number) => all[own - 1]?.die(),
    /** The time is up for whatever waits. */
    later: () => waits.splice(0).forEach((callback) => callback()),
    waits,
  }
}

test('one that is given back does what the next has to ask, and no other comes up', async () => {
  const { pool, call, up, ended, waits } = shells()
  const first = pool.take(call)
  await first.run('code 0\n', call)
  await pool.give(first)
  const next = pool.take(call)
  expect(await next.run('code 0\n', call)).toMatchObject({ stdout: '= 0\n' })
  expect([next === first, up(), ended, waits]).toEqual([true, 1, [], []])
})

test('two at the same time are two, and one of them waits afterwards', async () => {
  const { pool, call, up, ended } = shells()
  const [one, two] = [pool.take(call), pool.take(call)]
  await Promise.all([one, two].map((shell) => shell.run('code 0\n', call)))
  await pool.give(one)
  await pool.give(two)
  expect([up(), ended]).toEqual([2, [2]])
  expect(pool.take(call)).toBe(one)
})

test('one for which nobody comes is ended after a minute, and the next comes up anew', async () => {
  const { pool, call, up, ended, later } = shells()
  const shell = pool.take(call)
  await shell.run('code 0\n', call)
  await pool.give(shell)
  later()
  await new Promise(setImmediate)
  expect(ended).toEqual([1])
  await pool.take(call).run('code 0\n', call)
  expect(up()).toBe(2)
})

test('one whose command failed, or that has died, is nobody else’s', async () => {
  const { pool, call, up, die } = shells()
  const failed = pool.take(call)
  await failed.run('code 76\n', call)
  await pool.give(failed)
  const dead = pool.take(call)
  await dead.run('code 0\n', call)
  await pool.give(dead)
  die(2)
  await new Promise(setImmediate)
  expect(await pool.take(call).run('code 0\n', call)).toMatchObject({ stdout: '= 0\n' })
  expect(up()).toBe(3)
})

test('once all is over none waits, whenever it is given back', async () => {
  const { pool, call, ended, waits } = shells()
  const [early, late] = [pool.take(call), pool.take(call)]
  await Promise.all([early, late].map((shell) => shell.run('code 0\n', call)))
  await pool.give(early)
  await pool.end()
  await pool.give(late)
  await pool.end()
  expect([ended, waits]).toEqual([[1, 2], []])
})
