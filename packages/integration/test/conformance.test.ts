import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { CASES, conformance, runCases } from '@vmferry/conformance'
import { type Clock, systemClock, systemRandom } from '@vmferry/core'
import type { ConformanceSetup } from '@vmferry/core/driver'
import { createWorld, test as hypervisor, TEST_CAPABILITIES } from '@vmferry/driver-test'
import { setup, worldSetup, worldStage } from '@vmferry/driver-test/conformance'
import { serveHost } from '@vmferry/driver-test/server'
import { describe, expect, test } from 'vitest'
import { fakeDirect } from './broken/fake-direct.ts'
import { jumpingClock } from './fake-clock.ts'

/** What failed, in words, and how much was there to do. */
async function outcome(of: ConformanceSetup, clock: Clock = jumpingClock()) {
  const report = await runCases(of, { clock })
  const failures = report.results
    .filter(({ status }) => status === 'failed')
    .map(({ id, because }) => `${id}: ${because}`)
  return { ...report, failures }
}

describe('the test driver, under a runner', () => {
  const cases = CASES.filter(({ needs }) => needs.every((need) => need.met(TEST_CAPABILITIES)))
  conformance({ describe, test }, setup, { clock: jumpingClock(), cases })
})

describe('the test driver', () => {
  test.each(['host', 'session', 'none'] as const)('passes the kit with the fencing %s', async (fencing) => {
    const { failures, passed } = await outcome(worldSetup((world) => hypervisor({ world, fencing })))
    expect(failures).toEqual([])
    expect(passed).toBeGreaterThan(120)
  })

  test.each([
    'live',
    'resource',
    'domainRename',
    'uriTransports',
    'streams',
    'fencing',
    'abortableUntil',
    'progress',
    'pausedGuests',
    'features',
  ] as const)('passes the kit as a hypervisor without %s', async (without) => {
    const lesser = worldSetup((world) => hypervisor({ world, without: [without] }))
    const { failures, notApplicable } = await outcome(lesser)
    expect(failures).toEqual([])
    expect(notApplicable).toBeGreaterThan(9)
  })

  test('passes the kit as a hypervisor with one call', async () => {
    const { failures, passed } = await outcome(worldSetup(fakeDirect))
    expect(failures).toEqual([])
    expect(passed).toBeGreaterThan(45)
  })

  test('passes the kit over real sockets, between two worlds', async () => {
    const { failures, passed } = await outcome(served, systemClock)
    expect(failures).toEqual([])
    expect(passed).toBeGreaterThan(120)
  }, 120_000)
})

const never = (): Promise<never> => new Promise(() => {})

test.each([
  ['open', 'the stage does not open', { stage: never }],
  ['close', 'the stage or a connection to it does not close', withClose(never)],
])('a stage that does not %s fails its case, and the next one is tried', async (_what, words, of) => {
  const { results } = await runCases(of, { clock: jumpingClock(), cases: CASES.slice(0, 2) })
  const failure = { status: 'failed', because: `no end within 120 s: ${words}` }
  expect(results).toMatchObject([failure, failure])
})

test('what a case failed by is said, though its stage does not close', async () => {
  const fails = { id: 'fails', says: '', needs: [], prove: () => Promise.reject(new Error('it')) }
  const { results } = await runCases(withClose(never), { clock: jumpingClock(), cases: [fails] })
  expect(results).toMatchObject([{ status: 'failed', because: 'it' }])
})

test('the command ends, though a driver leaves something open, and says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmferry-kit-'))
  const file = join(folder, 'setup.mjs')
  await writeFile(file, 'export const setup = { stage: async () => null }\nsetInterval(() => {}, 1000)\n')
  const kit = fileURLToPath(import.meta.resolve('@vmferry/conformance/package.json'))
  const argv = [join(kit, '../bin/vmferry-conformance.js'), '--json', '--setup', file]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [said, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  await rm(folder, { recursive: true })
  expect(JSON.parse(said.trim().split('\n').at(-1) ?? '')).toMatchObject({ type: 'conformance-complete' })
  expect(complaint).toContain('leaves something open after the last case (Node.js calls it')
  expect(code).toBe(1)
})

/** The test driver's stage with another end. */
function withClose(close: () => Promise<void>): ConformanceSetup {
  return {
    async stage(loan) {
      const stage = await setup.stage(loan)
      return stage && { ...stage, close }
    },
  }
}

/** Two hosts, each of a world of its own, that meet by TCP only. */
const served: ConformanceSetup = {
  async stage({ clock, transport }) {
    if (transport !== null && transport !== 'tcp') return null
    const end = async (name: string) => {
      const world = createWorld({ clock, random: systemRandom, linkBytesPerSecond: 64 * 1024 ** 2 })
      const listen = { host: '127.0.0.1', port: 0 }
      const service = await serveHost({ world, name, listen, random: systemRandom })
      return { world, host: world.host(name), uri: service.uri, service }
    }
    const [source, target] = [await end('alpha'), await end('beta')]
    const { host, port } = target.service.address
    const stage = worldStage(hypervisor(), { source, target, address: `${host}:${port}` })
    return {
      ...stage,
      async close() {
        await source.service.close()
        await target.service.close()
      },
    }
  },
}
