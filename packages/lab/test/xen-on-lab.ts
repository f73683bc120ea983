import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Beat, XenLab } from '@vmferry/lab'
import { beatReport, consoleBeats, openXenLab, xenBeat, xenProblem } from '@vmferry/lab'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../src/command.ts'
import { startTimeOf } from '../src/process-table.ts'

const problem = await xenProblem()
const patiently = { timeout: 300_000, interval: 500 }

describe.skipIf(problem !== null)(`two Xen hosts${problem === null ? '' : ` (not here: ${problem})`}`, () => {
  let lab: XenLab
  beforeAll(async () => {
    lab = await openXenLab({ onProgress: (line) => process.stdout.write(`${line}\n`) })
  })
  afterAll(() => lab.close())

  it('are reached by any ssh client with strict host keys, and alpha reaches beta', async () => {
    const { config, identity, knownHosts } = lab.ssh
    const byName = await runCommand(['ssh', '-F', config, 'beta', 'hostname'])
    expect(byName).toMatchObject({ code: 0, stdout: 'beta\n', stderr: '' })
    const files = [
      '-i',
      identity,
      '-o',
      `UserKnownHostsFile=${knownHosts}`,
      '-o',
      'StrictHostKeyChecking=yes',
    ]
    const byPort = [
      'ssh',
      '-F',
      'none',
      ...files,
      '-p',
      `${lab.alpha.port}`,
      'root@127.0.0.1',
      'ssh beta hostname',
    ]
    expect(await runCommand(byPort)).toMatchObject({ code: 0, stdout: 'beta\n' })
  })

  it('cannot reach each other while the link is cut, and can again', async () => {
    const greet = () => lab.alpha.exec(['ssh', '-o', 'ConnectTimeout=5', 'beta', 'true'])
    await lab.cutLink()
    expect((await greet()).code).toBe(255)
    await lab.restoreLink()
    await vi.waitFor(async () => expect((await greet()).code).toBe(0), patiently)
  })

  it('stand still while they are frozen, and go on after that', async () => {
    const command = lab.beta.spawn(['sh', '-c', 'echo in; read line; echo "$line"'])
    const said: string[] = []
    command.stdout?.setEncoding('utf8').on('data', (text: string) => said.push(text))
    await vi.waitFor(() => expect(said.join('')).toBe('in\n'), patiently)
    lab.beta.freeze()
    command.stdin?.end('on\n')
    const late = new Promise((resolve) => setTimeout(resolve, 1_000, 'late'))
    const end = new Promise((resolve) => command.once('close', resolve))
    expect(await Promise.race([end, late])).toBe('late')
    lab.beta.thaw()
    expect(await end).toBe(0)
    expect(said.join('')).toBe('in\non\n')
  })

  it('move a guest live: no beat is lost, and its memory is right', async () => {
    const { alpha, beta } = lab
    await timed('create', () => alpha.create({ name: 'g1' }))
    await timed('the first beats', () =>
      vi.waitFor(async () => expect((await alpha.beats('g1')).length).toBeGreaterThan(3), patiently),
    )
    const moved = await timed('xl migrate', () => alpha.exec(['xl', 'migrate', 'g1', 'beta']))
    expect(moved).toMatchObject({ code: 0, stderr: expect.stringContaining('Migration successful.') })
    const arrived = (await beta.beats('g1')).length
    await vi.waitFor(
      async () => expect((await beta.beats('g1')).length).toBeGreaterThan(arrived + 8),
      patiently,
    )

    expect((await alpha.exec(['xl', 'domid', 'g1'])).code).not.toBe(0)
    expect((await beta.exec(['xl', 'domid', 'g1'])).code).toBe(0)
    const report = beatReport(await beatsOfBoth(lab, 'g1'))
    expect(report).toMatchObject({ lost: 0, backwards: 0, corrupt: false })
    expect(report.cookies).toHaveLength(1)
    expect(report.handOvers).toMatchObject([{ from: 'alpha', to: 'beta', lostTicks: 0 }])
  })

  it('move a guest without an operating system, which suspends and powers off when it is asked to', async () => {
    const { alpha, beta } = lab
    await alpha.create({ name: 'b1' }, xenBeat)
    await timed('its first beats', () =>
      vi.waitFor(async () => expect((await alpha.beats('b1')).length).toBeGreaterThan(3), patiently),
    )
    const moved = await timed('xl migrate', () => alpha.exec(['xl', 'migrate', 'b1', 'beta']))
    expect(moved).toMatchObject({ code: 0, stderr: expect.stringContaining('Migration successful.') })
    await vi.waitFor(async () => expect((await beta.beats('b1')).length).toBeGreaterThan(8), patiently)
    const report = beatReport(await beatsOfBoth(lab, 'b1'))
    expect(report).toMatchObject({ lost: 0, backwards: 0, corrupt: false })
    expect(report.cookies).toHaveLength(1)
    expect((await beta.exec(['xl', 'shutdown', '-w', 'b1'])).code).toBe(0)
    await vi.waitFor(async () => expect((await beta.exec(['xl', 'domid', 'b1'])).code).not.toBe(0), patiently)
  })

  it('are gone after close, and so are their files', async () => {
    const pids = [lab.alpha.pid, lab.beta.pid]
    const folder = dirname(dirname(lab.ssh.config))
    expect(await Promise.all(pids.map((pid) => startTimeOf(pid)))).not.toContain(undefined)
    await timed('close', () => lab.close())
    expect(await Promise.all(pids.map((pid) => startTimeOf(pid)))).toEqual([undefined, undefined])
    expect(existsSync(folder)).toBe(false)
  })
})

async function beatsOfBoth({ alpha, beta }: XenLab, guest: string): Promise<Beat[]> {
  const logs = [alpha, beta].map(async (host) => ({ host: host.name, text: await host.consoleLog(guest) }))
  return consoleBeats(await Promise.all(logs))
}

async function timed<T>(what: string, act: () => Promise<T>): Promise<T> {
  const from = performance.now()
  const result = await act()
  process.stdout.write(`${what}: ${((performance.now() - from) / 1000).toFixed(1)} s\n`)
  return result
}
