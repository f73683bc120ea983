import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { giveQemu, type Lab, openLab, qemuRelease, qemuSeries } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  type Ended,
  ended,
  ferry,
  guestsOn,
  isWhole,
  NOTHING,
  startBeating,
  stopAll,
  untilNothingOn,
  vmferry,
  WHOLE,
} from './lab-guest.ts'

let lab: Lab
let state: string
beforeAll(async () => {
  lab = await openLab()
  for (const { run } of [lab.alpha, lab.beta]) {
    await mkdir(join(run, 'pki'))
    await writeFile(join(run, 'pki', 'keys.psk'), `qemu:${'c0ffee'.repeat(10)}\n`, { mode: 0o600 })
  }
})
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'vmferry-state-'))
})
afterEach(async () => {
  await lab.restoreLink()
  await stopAll(lab)
  await rm(state, { recursive: true })
})
afterAll(() => lab?.close())

/** Writes 61 MB in a second into 32 MiB: a link of 20 MB/s is never done with it, though the machine be busy. */
const HOT = { name: 'web1', ringMiB: 32, fillMiB: 16, pagesPerTick: 60 } as const

/** What a connection says of the keys for tls. */
const KEYS = '?tls=/run/pki'

const LATE = ['--timeout', '3', '--timeout-action', 'postcopy']

for (const way of ['ssh://beta', 'tcp://beta']) {
  test(`a guest that never converges runs on at the target after the time limit, over ${way}`, async () => {
    using watch = await startBeating(lab, HOT)
    const wish = ['--live', '--bandwidth', '160', '--uri', way, ...LATE]
    const { code, lines, last, stderr } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...wish)
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'after 3 s: post-copy\n' })
    expect(last).toMatchObject({ outcome: 'migrated', report: { pending: [] } })
    expect(lines.filter(({ type }) => type === 'phase-end').map(({ phase }) => phase)).toEqual(
      expect.arrayContaining(['finish', 'drain', 'confirm']),
    )
    await beatsOn(watch, lab.beta)
    expect(isWhole(watch.report())).toEqual(WHOLE)
    expect(await guestsOn(lab.alpha)).toEqual([])
  })
}

test.each(qemuSeries.slice(1))('and so it does on QEMU %s', async (series) => {
  const release = await qemuRelease(series)
  const own = await openLab()
  onTestFinished(() => own.close())
  for (const host of [own.alpha, own.beta]) await giveQemu(host, release)
  using watch = await startBeating(own, HOT)
  const { code, lines } = await ferry(
    own,
    'migrate',
    ALPHA,
    'web1',
    BETA,
    '--live',
    '--bandwidth',
    '160',
    ...LATE,
  )
  expect(code).toBe(0)
  expect(lines.some(({ phase }) => phase === 'drain')).toBe(true)
  await beatsOn(watch, own.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  await stopAll(own)
})

/** A link of 10 MB/s, over which the rest of the memory takes some seconds. */
const SLOW = ['--live', '--bandwidth', '80', ...LATE]

/** Migrates the guest, and does something once the rest of its memory is on its way. */
async function whileDraining(
  words: readonly string[],
  strike: (child: { kill(signal: NodeJS.Signals): boolean }) => unknown,
): Promise<Ended> {
  const argv = vmferry('migrate', `${ALPHA}${KEYS}`, 'web1', `${BETA}${KEYS}`, '--json', ...SLOW, ...words)
  const child = lab.controller.spawn(argv, { env: { XDG_STATE_HOME: state } })
  let stdout = ''
  let stderr = ''
  const struck: unknown[] = []
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)))
  child.stdout?.on('data', (chunk) => {
    stdout += String(chunk)
    const draining = stdout.split('"phase":"drain"')[1]?.includes('"type":"progress"')
    if (draining && struck.length === 0) struck.push(strike(child))
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  expect(struck).toHaveLength(1)
  await Promise.all(struck)
  return ended(code, stdout, stderr)
}

async function recover(): Promise<Ended> {
  const options = { timeout: 120_000, env: { XDG_STATE_HOME: state } }
  const { code, stdout, stderr } = await lab.controller.exec(vmferry('recover', '--json'), options)
  return ended(code, stdout, stderr)
}

test('a source that dies before all has come takes the guest with it, and the user is told', async () => {
  using watch = await startBeating(lab, HOT)
  const { code, last } = await whileDraining(['--uri', 'tcp://beta'], async () => {
    const [qemu] = await lab.alpha.processes('-qmp unix:')
    process.kill(qemu?.pid ?? 0, 'SIGKILL')
  })
  expect(code).toBe(4)
  expect(last).toMatchObject({ outcome: 'lost', error: { code: 'VM_LOST', guest: { target: 'none' } } })
  expect(await guestsOn(lab.alpha)).toEqual([])
  expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
  expect(watch.report().doubled).toBe(0)
})

test('a cancel comes too late, and the guest arrives whole', async () => {
  using watch = await startBeating(lab, HOT)
  const { code, last } = await whileDraining([], (child) => child.kill('SIGINT'))
  expect({ code, outcome: last?.['outcome'] }).toEqual({ code: 0, outcome: 'migrated' })
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('a command that is killed leaves the memory on its way: recover waits for it and ends the source', async () => {
  using watch = await startBeating(lab, HOT)
  await whileDraining([], (child) => child.kill('SIGKILL'))
  expect(await recover()).toMatchObject({ code: 0, lines: [{ outcome: 'migrated', pending: [] }] })
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  expect(await untilNothingOn(lab.alpha)).toEqual(NOTHING)
})

for (const way of ['tls://beta', 'ssh://beta']) {
  test(`a link that is cut leaves it in doubt, and recover makes it anew, over ${way}`, async () => {
    using watch = await startBeating(lab, HOT)
    const words = ['--uri', way, '--stall-timeout', '3', '--settle-timeout', '3']
    const { code, last } = await whileDraining(words, () => lab.cutLink())
    expect(code).toBe(3)
    expect(last).toMatchObject({
      outcome: 'inDoubt',
      error: { code: 'VM_IN_DOUBT', remedy: expect.stringContaining('vmferry recover') },
    })
    await lab.restoreLink()
    expect(await recover()).toMatchObject({ code: 0, lines: [{ outcome: 'migrated', pending: [] }] })
    await beatsOn(watch, lab.beta)
    expect(isWhole(watch.report())).toEqual(WHOLE)
    expect(await untilNothingOn(lab.alpha)).toEqual(NOTHING)
  })
}
