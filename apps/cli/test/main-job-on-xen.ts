import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { XenLab } from '@vmferry/lab'
import { beatReport, consoleBeats, openXenLab, xenProblem } from '@vmferry/lab'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { begin, type Ended } from './command.ts'

const problem = await xenProblem()
const patiently = { timeout: 300_000, interval: 1_000 }
const ALPHA = 'xen+ssh://root@alpha/'
const BETA = 'xen+ssh://root@beta/'

describe.skipIf(problem !== null)(`real Xen${problem === null ? '' : ` (not here: ${problem})`}`, () => {
  let lab: XenLab
  let bin: string
  beforeAll(async () => {
    lab = await openXenLab()
    // the command asks OpenSSH for the ways to its hosts; here they are in the lab's configuration
    bin = await mkdtemp(join(tmpdir(), 'vmferry-xen-bin-'))
    const path = process.env['PATH'] ?? ''
    await writeFile(join(bin, 'ssh'), `#!/bin/sh\nPATH='${path}'; exec ssh -F '${lab.ssh.config}' "$@"\n`)
    await chmod(join(bin, 'ssh'), 0o755)
    await lab.alpha.create({ name: 'web1' })
    await vi.waitFor(async () => expect((await lab.alpha.beats('web1')).length).toBeGreaterThan(3), patiently)
  })
  afterAll(async () => {
    await lab.close()
    await rm(bin, { recursive: true, force: true })
  })

  const vmferry = (...words: string[]) => begin(words, { env: { PATH: `${bin}:${process.env['PATH']}` } })

  const names = async (host: 'alpha' | 'beta'): Promise<string[]> => {
    const { stdout } = await lab[host].exec(['xl', 'list'])
    return stdout
      .split('\n')
      .slice(2)
      .flatMap((line) => line.split(/\s+/)[0] || [])
  }
  const left = async (host: 'alpha' | 'beta'): Promise<string> =>
    (await lab[host].exec(['ls', '/run/vmferry/xen'])).stdout

  it('lists and plans', async () => {
    expect((await vmferry('list', ALPHA).ended).stdout).toMatch(/web1 +running/)
    const plan = await vmferry('plan', ALPHA, 'web1', BETA, '--live').ended
    expect(plan).toMatchObject({ code: 0 })
  })

  it('gives a copy up when it is told to, and the guest runs on', async () => {
    const running = vmferry('migrate', ALPHA, 'web1', BETA, '--live', '--bandwidth', '8', '--json')
    await running.seen('"type":"progress"')
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
    expect(await names('alpha')).toEqual(['web1'])
    expect(await names('beta')).toEqual([])
    for (const host of ['alpha', 'beta'] as const) expect(await left(host)).toBe('')
  })

  it('moves a guest live under another name with a limit, and tells how far it is; no beat is lost', async () => {
    const words = [
      'migrate',
      ALPHA,
      'web1',
      BETA,
      '--live',
      '--rename',
      'web2',
      '--bandwidth',
      '200',
      '--json',
    ]
    const moved: Ended = await vmferry(...words).ended
    const events = moved.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { type: string; outcome?: string; bytes?: number })
    expect(events.at(-1)).toMatchObject({ type: 'migration-complete', outcome: 'migrated' })
    expect(moved.code).toBe(0)
    expect(events.filter(({ type, bytes }) => type === 'progress' && bytes).length).toBeGreaterThan(1)
    expect(await names('alpha')).toEqual([])
    expect(await names('beta')).toEqual(['web2'])
    expect(await left('alpha')).toBe('')

    const arrived = (await lab.beta.beats('web2')).length
    await vi.waitFor(
      async () => expect((await lab.beta.beats('web2')).length).toBeGreaterThan(arrived + 8),
      patiently,
    )
    const logs = [
      { host: 'alpha', text: await lab.alpha.consoleLog('web1') },
      { host: 'beta', text: await lab.beta.consoleLog('web2') },
    ]
    const report = beatReport(consoleBeats(logs))
    expect(report).toMatchObject({ lost: 0, backwards: 0, corrupt: false })
    expect(report.cookies).toHaveLength(1)
  })

  it('goes on from another process where the command is killed after everything has come', async () => {
    const running = vmferry('migrate', BETA, 'web2', ALPHA, '--live', '--json')
    await running.seen('"phase":"hand-over"')
    running.child.kill('SIGKILL')
    await running.ended
    const recovered = await vmferry('recover', '--json').ended
    expect([0, 1]).toContain(recovered.code)
    const all = [...(await names('alpha')), ...(await names('beta'))]
    expect(all).toEqual(['web2'])
  })
})
