import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { HostChannel } from '@vmferry/core/driver'
import { local, quoteArgv, ssh } from '@vmferry/host'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noSshd, type RealSshd, realSshd, sshUri } from '../../../host/test/real-sshd.ts'
import { canary } from './canary.ts'
import { anyArgument, words } from './words.ts'

const bird = canary()
const signal = new AbortController().signal
const argument = anyArgument(bird.path)
const argv = fc.array(argument, { minLength: 1, maxLength: 4 })
const corpus = words(bird.path).filter(
  (word) => !word.includes('\0') && Buffer.from(word).toString() === word,
)

/** What a real sh made of each command: its words. */
function seenBySh(commands: readonly (readonly string[])[]): string[][] {
  const script = commands.map((command) => `printf '%s\\0' ${quoteArgv(command)}; printf '\\0'\n`).join('')
  const output = execFileSync('sh', { cwd: bird.folder, input: script, maxBuffer: 2 ** 26 }).toString()
  let rest = output.split('\0')
  return commands.map(({ length }) => {
    const seen = rest.slice(0, length)
    rest = rest.slice(length + 1)
    return seen
  })
}

describe('a real sh', () => {
  test('sees each of 10,000 generated commands word by word, and runs nothing of them', () => {
    let runs = 0
    const batch = fc.array(argv, { minLength: 250, maxLength: 250 })
    const property = fc.property(batch, (commands) => {
      expect(seenBySh(commands)).toEqual(commands)
      runs += commands.length
    })
    fc.assert(property, { numRuns: 44, endOnFailure: true })
    expect(runs).toBeGreaterThanOrEqual(10_000)
    expect(bird.sings()).toBe(false)
  })

  test('sees the whole corpus word by word, in every place of a command', () => {
    const commands = corpus.flatMap((word) => [[word], ['--', word], [word, 'x', word]])
    expect(seenBySh(commands)).toEqual(commands)
    expect(bird.sings()).toBe(false)
  })

  test('a canary would have noticed: the same words without quotes make it', () => {
    const other = join(bird.folder, 'other')
    const script = words(other)
      .filter((word) => word.startsWith('$(touch'))
      .map((word) => `: ${word}\n`)
      .join('')
    execFileSync('sh', { cwd: bird.folder, input: script })
    expect(execFileSync('ls', [bird.folder]).toString()).toBe('other\n')
  })
})

/** Sends words through a channel: the corpus, then generated ones, as program arguments and as a program. */
async function sendAll(channel: HostChannel, runs: number): Promise<void> {
  const seen = async (command: readonly string[]): Promise<string> =>
    (await channel.exec(['printf', '%s\\0', ...command], { signal })).stdout
  const told = (command: readonly string[]): string => command.map((word) => `${word}\0`).join('')
  expect(await seen(corpus)).toBe(told(corpus))
  const many = fc.array(argument, { minLength: 20, maxLength: 20 })
  const property = fc.asyncProperty(many, async (command) => {
    expect(await seen(command)).toBe(told(command))
  })
  await fc.assert(property, { numRuns: runs, endOnFailure: true })
  for (const word of corpus) {
    const outcome = await channel.exec([word, 'x'], { signal }).catch((error: unknown) => error)
    if (/^[\w/-]+$/.test(word)) continue
    expect(outcome).toHaveProperty('kind', 'vmferry.error')
  }
}

test('local() runs 2,000 generated words as words', async () => {
  const uri = { ...sshUri('x', null, null), text: 'test:///default', transport: null, host: null }
  const channel = await local({ idFile: join(bird.folder, 'id') }).open(uri, { signal })
  await sendAll(channel, 100)
  await channel.close()
  expect(bird.sings()).toBe(false)
})

describe.skipIf(noSshd !== '')(`a real sshd ${noSshd}`, () => {
  let sshd: RealSshd
  beforeAll(async () => {
    sshd = await realSshd()
  })
  afterAll(() => sshd.stop())

  test('runs 800 generated words as words', async () => {
    const channel = await ssh(sshd.options).open(sshd.uri(), { signal })
    await sendAll(channel, 40)
    await channel.close()
    expect(bird.sings()).toBe(false)
  })
})
