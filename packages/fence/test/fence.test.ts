import type { Clock, EffectOptions, ExecOptions, HostChannel } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { fences, type Step, type Verbs } from '../src/index.ts'
import { fakeShell } from './fake-shell.ts'

/** A step that is answered, and one that is not. */
const ask: Step = { words: ['ask', '', ''], read: (line) => line }
const drop: Step<null> = { words: ['drop', '', ''] }

const verbs: Verbs = { script: '', first: { words: ['skim', '', ''] } }

const clock: Clock = { now: () => 0, monotonic: () => 0, schedule: () => () => {} }

/** A fence on a host where everything is answered with `yes`. What its scripts and its shell are told is written down by verbs. */
function fenced() {
  const told: string[] = []
  const note = (how: string, words: string): void => {
    told.push([how, ...(words.match(/\b(skim|ask|drop)\b/g) ?? [])].join(' '))
  }
  const exec = async (argv: readonly string[], { input }: ExecOptions) => {
    note('script', argv.slice(argv.indexOf('folder')).join(' '))
    return { code: 0, signal: null, stdout: `yes\n= 0\n`, stderr: '', input }
  }
  const answer = (words: string) => {
    if (!words.startsWith('act ')) return null
    note('shell', words)
    return { stdout: words.includes('ask') ? 'yes\n= 0\n' : '= 0\n', stderr: '= 0\n' }
  }
  const spawn = async () => fakeShell(answer).process
  const host = { name: 'alpha', exec, spawn } as unknown as HostChannel
  const { signal } = new AbortController()
  const call: EffectOptions = { signal, migration: 'm-1', epoch: 1, permit: async () => {} }
  const it = fences({ host, clock, runDirectory: '/run' }, verbs).of('web1', 'folder')
  return { told, call, it }
}

test('what goes first is done by each script that is answered, and by none that is not', async () => {
  const { told, call, it } = fenced()
  expect(await it.act([ask], call)).toEqual(['yes'])
  await it.ask([ask, drop], call)
  await it.act([drop], call)
  expect(told).toEqual(['script skim ask', 'script skim ask drop', 'script drop'])
})

test('a shell that stays does it once, before the first answer', async () => {
  const { told, call, it } = fenced()
  it.stay(call)
  await it.act([drop], call)
  expect(await it.act([drop, ask], call)).toEqual([null, 'yes'])
  await it.ask([ask], call)
  await it.leave()
  expect(told).toEqual(['shell drop', 'shell skim drop ask', 'shell ask'])
})

test('a shell that stays leaves it out where a script has done it', async () => {
  const { told, call, it } = fenced()
  await it.act([ask], call)
  it.stay(call)
  await it.act([ask], call)
  await it.leave()
  await it.act([ask], call)
  expect(told).toEqual(['script skim ask', 'shell ask', 'script skim ask'])
})
