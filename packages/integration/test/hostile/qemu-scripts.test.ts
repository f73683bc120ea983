import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isVmError, parseConnectionUri, systemClock, systemRandom } from '@vmferry/core'
import type { DriverConnection, EffectOptions, MigrationRequest, Offer } from '@vmferry/core/driver'
import { qemu } from '@vmferry/driver-qemu'
import { local } from '@vmferry/host'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canary } from './canary.ts'
import { anyArgument, words } from './words.ts'

const bird = canary()
const call = { signal: new AbortController().signal }
const log = { debug() {}, info() {}, warn() {}, error() {} }
const corpus = words(bird.path).filter((word) => word.length < 2000)
const generated = fc.sample(anyArgument(bird.path), 40)
/** Each once: a second claim of a domain at one epoch is stale. */
const each = [...new Set([...corpus, ...generated])]

/** The driver itself, without core in front of it to check the words. */
async function connect(run: string): Promise<DriverConnection> {
  const uri = parseConnectionUri(`qemu:///session?run=${run}`)
  const openHost = () => local({ idFile: join(bird.folder, 'id') }).open(uri, call)
  return qemu().connect(uri, { openHost, clock: systemClock, random: systemRandom, log }, call)
}

/** The code of what a call was rejected with; anything but a typed error is thrown. */
async function codeOf(work: () => PromiseLike<unknown> | undefined): Promise<string> {
  try {
    await work()
    return 'resolved'
  } catch (error) {
    if (isVmError(error)) return error.code
    throw error
  }
}

function requestOf(
  { uri, hostId }: DriverConnection,
  more: Partial<MigrationRequest> = {},
): MigrationRequest {
  return {
    source: { uri, hostId },
    target: { uri, hostId },
    live: true,
    bandwidth: 0,
    rename: null,
    uri: null,
    paused: false,
    maxDowntime: null,
    autoConverge: false,
    postCopy: false,
    copyStorage: false,
    abortOnError: false,
    connections: 1,
    ...more,
  }
}

describe('the scripts of the QEMU driver, in a real sh', () => {
  test('take names, ids and claims that are commands for words', { timeout: 60_000 }, async () => {
    const run = join(bird.folder, 'run')
    const at = await connect(run)
    const request = requestOf(at)
    for (const word of each) {
      const effect: EffectOptions = { ...call, migration: word, epoch: 1, permit: async () => {} }
      const named = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/.test(word)
      expect(await codeOf(() => at.claim(word, 1, call))).toBe(named ? 'resolved' : 'VM_INVALID')
      expect(await codeOf(() => at.domain(word, call))).toBe('VM_NOT_FOUND')
      expect(await codeOf(() => at.source?.check(word, request, call))).toBe('VM_NOT_FOUND')
      expect(await codeOf(() => at.source?.recall(word, effect))).toBe('VM_NOT_FOUND')
    }
    expect(readdirSync(bird.folder).toSorted()).toEqual(['id', 'run'])
    expect(readdirSync(run)).toEqual(['.claims'])
    await at.close()
    expect(bird.sings()).toBe(false)
  })

  test('take the command line of a guest, and an offer, for words', { timeout: 60_000 }, async () => {
    const run = join(bird.folder, 'lines')
    const at = await connect(run)
    const request = requestOf(at)
    for (const word of corpus.filter((_, index) => index % 3 === 0)) {
      const argv = ['/bin/false', '-drive', `file=${word}`, '-device', word, '-m', word, word]
      expect(await codeOf(() => at.lifecycle?.start('web1', argv, call))).toMatch(
        /^VM_(PHASE_FAILED|INVALID)$/,
      )
      const offer: Offer = {
        domain: word,
        uuid: word,
        stream: 'qemu',
        runState: 'running',
        memoryBytes: 1,
        definition: { name: word, uuid: word, argv: ['/bin/false', ...argv, '-kernel', word] },
        cookie: { folder: word, hostId: word, files: [] },
      }
      expect(await codeOf(() => at.target?.check(offer, request, call))).toMatch(
        /^(resolved|VM_PROTOCOL|VM_INVALID)$/,
      )
    }
    expect(readdirSync(run)).toEqual([])
    await at.close()
    expect(bird.sings()).toBe(false)
  })

  test('a run directory that is a command does not get as far as a host', async () => {
    for (const word of each) {
      const query = { run: `/tmp/${word}` }
      const uri = { ...parseConnectionUri('qemu:///session'), query }
      const openHost = () => Promise.reject(new Error('a host was asked for'))
      const outcome = await codeOf(() =>
        qemu().connect(uri, { openHost, clock: systemClock, random: systemRandom, log }, call),
      ).catch((error: unknown) => String(error))
      const plain = /^[A-Za-z0-9_./+-]{0,60}$/.test(word) && !word.split('/').includes('..')
      if (!plain && outcome !== 'VM_INVALID') throw new Error(`${word}: ${outcome}`)
    }
    expect(bird.sings()).toBe(false)
  })

  test('a run directory with strange folders and files in it is VM_PROTOCOL or has no guests', async () => {
    const strange = words(bird.path).filter(
      (word) => word.length < 200 && !/[/\0]/.test(word) && !/^\.*$/.test(word),
    )
    const run = join(bird.folder, 'strange')
    mkdirSync(run)
    for (const name of strange) if (Buffer.from(name).toString() === name) mkdirSync(join(run, name))
    const at = await connect(run)
    expect(await at.domains(call)).toEqual([])
    for (const [index, content] of strange.entries()) {
      const folder = join(run, `d-${index}`)
      mkdirSync(folder)
      for (const file of ['definition.json', 'process', 'outgoing.json'])
        writeFileSync(join(folder, file), content)
      expect(await codeOf(() => at.domains(call))).toBe('VM_PROTOCOL')
      expect(await codeOf(() => at.migrations(call))).toBe('VM_PROTOCOL')
      rmSync(folder, { recursive: true })
    }
    await at.close()
    expect(bird.sings()).toBe(false)
  })
})
