import type { ChildProcess } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { giveQemu, type Lab, openAuthority, openLab, qemuSeries, spiceQemu } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  ferry,
  interrupted,
  isWhole,
  type Line,
  startBeating,
  stopAll,
  WHOLE,
} from './lab-guest.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterEach(() => stopAll(lab))
afterAll(() => lab?.close())

const VIEWER = fileURLToPath(new URL('fake-viewer.mjs', import.meta.url))

const TICKET = ['-object', 'secret,id=ticket,data=sesame']
const SPICE = ['-device', 'qxl-vga', '-spice']
const LOGIN = 'port=5930,password-secret=ticket,seamless-migration=on'

/** Somebody who looks at the guest on alpha, from the controller. */
interface Viewer {
  readonly child: ChildProcess
  readonly lines: readonly Line[]
  /** Resolves to the line of that type, or of one of them, once there is one. */
  told(type: string | readonly string[], host?: string): Promise<Line>
}

function viewer(...tls: readonly 'tls'[]): Viewer {
  const child = lab.controller.spawn([process.execPath, VIEWER, 'alpha', '5930', 'sesame', ...tls])
  let [said, words] = ['', '']
  child.stdout?.on('data', (chunk) => (said += String(chunk)))
  child.stderr?.on('data', (chunk) => (words += String(chunk)))
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines = () =>
    said
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line)
  return {
    child,
    get lines() {
      return lines()
    },
    async told(type, host) {
      for (let tries = 0; tries < 200; tries += 1) {
        const line = lines().find(
          (one) => [type].flat().includes(one.type) && (!host || one['host'] === host),
        )
        if (line) return line
        await sleep(50)
      }
      throw new Error(`the viewer did not tell ${[type].flat().join(' or ')}: ${said}${words}`)
    },
  }
}

describe.each(qemuSeries)('a guest with SPICE on QEMU %s', (series) => {
  let restore: readonly (() => Promise<void>)[] = []
  beforeAll(async () => {
    const release = await spiceQemu(series)
    restore = await Promise.all([lab.alpha, lab.beta].map((host) => giveQemu(host, release)))
  })
  afterAll(async () => {
    for (const back of restore) await back()
  })

  test('whoever looks at a guest by SPICE looks at it at the target, without doing anything', async () => {
    const extra = [...TICKET, ...SPICE, LOGIN]
    using watch = await startBeating(lab, { name: 'web1', memoryMiB: 128, extra })
    const { child, told } = viewer()
    await told('init', 'alpha')
    const { code, last, lines } = await ferry(
      lab,
      'migrate',
      ALPHA,
      'web1',
      BETA,
      '--live',
      '--bandwidth',
      '400',
    )
    expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
    expect(JSON.stringify(lines)).not.toContain('spice-')
    expect(await told('begin')).toMatchObject({ host: 'beta', port: 5930, subject: '' })
    expect(await told('follow')).toMatchObject({ host: 'beta' })
    await told('init', 'beta')
    await beatsOn(watch, lab.beta)
    expect(isWhole(watch.report())).toEqual(WHOLE)
    expect(child.exitCode).toBeNull()
  })

  const SLOWLY = ['--live', '--bandwidth', '80']

  test('whoever looks stays where he is when the guest does', async () => {
    using watch = await startBeating(lab, {
      name: 'web1',
      memoryMiB: 128,
      extra: [...TICKET, ...SPICE, LOGIN],
    })
    const { child, told } = viewer()
    await told('init', 'alpha')
    const words = ['migrate', ALPHA, 'web1', BETA, ...SLOWLY]
    const { code } = await interrupted(lab, words, async () => void (await told('begin')))
    expect(code).toBe(130)
    // he is told to stay, or the target went while he was logging in there
    await told(['cancel', 'refused'])
    // and goes with it the next time
    expect((await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')).code).toBe(0)
    await told('init', 'beta')
    await beatsOn(watch, lab.beta)
    expect(child.exitCode).toBeNull()
  })

  test('by TLS he is told whose certificate to expect', async () => {
    await using authority = await openAuthority()
    for (const { name, run } of [lab.alpha, lab.beta]) {
      const folder = join(run, 'spice')
      await authority.sign(folder, 'server', { subject: `${name}.lab` })
      await copyFile(authority.certificate, join(folder, 'ca-cert.pem'))
    }
    const login = 'tls-port=5930,x509-dir=/run/spice,password-secret=ticket'
    using watch = await startBeating(lab, {
      name: 'web1',
      memoryMiB: 128,
      extra: [...TICKET, ...SPICE, login],
    })
    const { told } = viewer('tls')
    await told('init', 'alpha')
    expect((await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')).code).toBe(0)
    expect(await told('begin')).toMatchObject({ host: 'beta', tlsPort: 5930, subject: 'CN=beta.lab' })
    expect(await told('secured', 'beta')).toMatchObject({ name: 'beta.lab' })
    await told('init', 'beta')
    await beatsOn(watch, lab.beta)
  })

  test('a password that only the source knows keeps clients from following, and the plan says so', async () => {
    using watch = await startBeating(lab, { name: 'web1', memoryMiB: 128, extra: [...SPICE, 'port=5930'] })
    const { code, lines } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')
    expect(code).toBe(0)
    expect(lines).toContainEqual(expect.objectContaining({ type: 'warning', code: 'spice-password' }))
    await beatsOn(watch, lab.beta)
  })
})
