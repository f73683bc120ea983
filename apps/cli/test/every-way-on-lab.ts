import { copyFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Authority,
  beatGuest,
  exactQemu,
  giveQemu,
  type Lab,
  type LabHost,
  linuxGuest,
  linuxPeriodMs,
  openAuthority,
  openLab,
  watchBeats,
} from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  ALPHA,
  BETA,
  BY_HAND,
  beatsOn,
  ferry,
  guestsOn,
  interrupted,
  isWhole,
  NOTHING,
  reportIn,
  startByHand,
  stop,
  stopAll,
  untilNothingOn,
  vmferry,
  WHOLE,
} from './lab-guest.ts'

let lab: Lab
let authority: Authority
beforeAll(async () => {
  ;[lab, authority] = await Promise.all([openLab(), openAuthority()])
  for (const { name, run } of [lab.alpha, lab.beta]) {
    const folder = join(run, 'pki')
    for (const role of ['client', 'server']) await authority.sign(folder, role, { names: `DNS:${name}` })
    await copyFile(authority.certificate, join(folder, 'ca-cert.pem'))
  }
})
afterEach(() => stopAll(lab))
afterAll(async () => {
  await lab?.close()
  await authority?.[Symbol.asyncDispose]()
})

/** What is told of a guest that was started on alpha. */
interface Guest {
  /** Where it beats. */
  readonly path: string
  /** Milliseconds between its beats. */
  readonly periodMs?: number
  /** How many beats tell that it lives. */
  readonly beats: number
}

const GUESTS: Readonly<Record<string, () => Promise<Guest>>> = {
  'the boot sector': async () => {
    const size = { memoryMiB: 192, fillMiB: 96, ringMiB: 8, pagesPerTick: 4 }
    const { argv, beatPath } = await beatGuest({ name: 'guest0', ...size })
    await typed('start', ALPHA, 'guest0', '--', ...argv)
    return { path: beatPath, beats: 50 }
  },
  'a boot sector that somebody started by hand': async () => {
    const path = await startByHand(lab)
    await typed('adopt', ALPHA, 'guest0', '--qmp', BY_HAND)
    return { path, beats: 50 }
  },
  'Linux with a disk that it writes and checks': async () => {
    const qemu = await exactQemu()
    const restore = await Promise.all([lab.alpha, lab.beta].map((host) => giveQemu(host, qemu)))
    const disk = join(lab.folder, 'data.raw')
    onTestFinished(async () => {
      await stopAll(lab)
      for (const takeBack of restore) await takeBack()
      await rm(disk)
    })
    await writeFile(disk, Buffer.alloc(1024 ** 2))
    const { argv, beatPath } = await linuxGuest({ name: 'guest0', memoryMiB: 192, fillMiB: 64, disk })
    await typed('start', ALPHA, 'guest0', '--', ...argv)
    return { path: beatPath, periodMs: linuxPeriodMs, beats: 10 }
  },
}

/** A command that has nothing to complain of. */
async function typed(...words: readonly string[]): Promise<void> {
  const { code, stderr } = await lab.controller.exec(vmferry(...words))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
}

/** Where it goes, from the host that it is on. */
interface Way {
  readonly from: string
  readonly to: string
  readonly uri: string
  readonly there: LabHost
}

type Transport = 'unix' | 'ssh' | 'relay' | 'tls' | 'tcp'

function wayOf(transport: Transport, here: LabHost): Way {
  const [from, other] = here === lab.alpha ? [ALPHA, BETA] : [BETA, ALPHA]
  const there = transport === 'unix' ? here : here === lab.alpha ? lab.beta : lab.alpha
  const uri = {
    unix: 'unix:///',
    ssh: `ssh://root@${there.name}/`,
    relay: 'relay:///',
    tls: `tls://${there.name}`,
    tcp: `tcp://${there.name}`,
  }[transport]
  const [source, target] = [from, transport === 'unix' ? from : other].map((end) => `${end}?tls=/run/pki`)
  return { from: source ?? '', to: target ?? '', uri, there }
}

const TRANSPORTS: readonly Transport[] = ['unix', 'ssh', 'relay', 'tls', 'tcp']
const CELLS = Object.keys(GUESTS).flatMap((guest) =>
  TRANSPORTS.map((transport) => [guest, transport] as const),
)

test.each(CELLS)(
  '%s goes by %s: stopped, cancelled, renamed, live, limited, over four connections',
  async (kind, transport) => {
    const guest = await GUESTS[kind]?.()
    if (!guest) throw new Error(`there is no guest ${kind}`)
    const ears =
      transport === 'unix'
        ? [{ host: lab.alpha, log: true }]
        : [lab.alpha, lab.beta].map((host) => ({ host }))
    using watch = watchBeats(ears.map((ear) => ({ ...ear, path: guest.path })))
    await watch.until((beats) => beats.length > 3 * guest.beats, { timeout: 90_000 })
    let [name, here, moves] = ['guest0', lab.alpha, 0]
    const whole = async (host: LabHost) => {
      await beatsOn(watch, host, guest.beats)
      expect(isWhole(watch.report(guest))).toEqual(WHOLE)
    }
    const go = async (options: readonly string[], newName = name) => {
      const { from, to, uri, there } = wayOf(transport, here)
      // within one host no two guests have one name
      const called = transport === 'unix' ? `guest${++moves}` : newName
      const rename = called === name ? [] : ['--rename', called]
      const words = ['migrate', from, name, to, '--uri', uri, ...rename, ...options]
      const { code, last, lines } = await ferry(lab, ...words)
      expect({ options, code, last }).toMatchObject({
        code: 0,
        last: { outcome: 'migrated', domain: called },
      })
      expect(lines.find(({ type }) => type === 'migration-start')).toMatchObject({ transport })
      await whole(there)
      if (there !== here) expect(await untilNothingOn(here)).toEqual(NOTHING)
      expect(await guestsOn(there)).toEqual([called])
      ;[name, here] = [called, there]
      return reportIn(last)
    }

    await go([])

    const { from, to, uri, there } = wayOf(transport, here)
    const slow = ['--live', '--bandwidth', '40', '--rename', 'never', '--uri', uri]
    const { code, last } = await interrupted(lab, ['migrate', from, name, to, ...slow])
    expect({ code, last }).toMatchObject({ code: 130, last: { outcome: 'rolledBack' } })
    expect(await guestsOn(here)).toEqual([name])
    if (there !== here) expect(await untilNothingOn(there)).toEqual(NOTHING)
    await whole(here)

    await go(['--live'], 'other0')
    await go(['--live'])
    const { bytesPerSecond } = await go(['--live', '--bandwidth', '200'])
    expect(bytesPerSecond / 25_000_000).toBeGreaterThan(0.85)
    expect(bytesPerSecond / 25_000_000).toBeLessThan(1.15)
    await go(['--live', '--connections', '4'])
    await stop(lab, here === lab.alpha ? ALPHA : BETA, name)
    expect([await untilNothingOn(lab.alpha), await untilNothingOn(lab.beta)]).toEqual([NOTHING, NOTHING])
  },
  300_000,
)
