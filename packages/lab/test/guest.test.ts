import type { ChildProcess } from 'node:child_process'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BeatWatch, GuestCommand, Lab, LabHost } from '@vmferry/lab'
import {
  beatGuest,
  beatPassTicks,
  beatProblem,
  labProblem,
  linuxGuest,
  linuxPeriodMs,
  linuxProblem,
  openLab,
  watchBeats,
} from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { pokeMemory } from './poke-memory.ts'
import { qmpSocket } from './qmp-socket.ts'

const problem = (await labProblem()) ?? (await beatProblem())
const noLinux = problem ?? (await linuxProblem())

describe.skipIf(problem !== null)(
  `a guest that beats${problem === null ? '' : ` (not here: ${problem})`}`,
  () => {
    let lab: Lab
    let watch: BeatWatch | undefined
    const running: ChildProcess[] = []
    beforeAll(async () => {
      lab = await openLab()
    })
    afterEach(async () => {
      watch?.close()
      for (const child of running.splice(0)) {
        child.kill('SIGKILL')
        if (child.exitCode === null && child.signalCode === null) {
          await new Promise((resolve) => child.once('exit', resolve))
        }
      }
    })
    afterAll(() => lab.close())

    const start = (host: LabHost, { argv }: GuestCommand, ...more: string[]): void => {
      running.push(host.spawn([...argv, ...more], { stdio: 'inherit' }))
    }
    const listen = (path: string): BeatWatch => {
      watch = watchBeats([
        { host: lab.alpha, path },
        { host: lab.beta, path },
      ])
      return watch
    }
    const small = { memoryMiB: 32, fillMiB: 8, ringMiB: 2, pagesPerTick: 10 }

    it('counts on without a gap, with one cookie and its memory right', async () => {
      const guest = await beatGuest({ name: 'calm', ...small, memoryMiB: 192, fillMiB: 128 })
      start(lab.alpha, guest)
      const heard = listen(guest.beatPath)
      await heard.until((beats) => beats.length > beatPassTicks)
      const report = heard.report()
      expect(report).toMatchObject({ lost: 0, backwards: 0, corrupt: false, doubled: 0, handOvers: [] })
      expect(report.cookies).toHaveLength(1)
      expect(report.alive('alpha', 60_000)).toBe(true)
      expect(report.alive('beta', 60_000)).toBe(false)
    })

    // Every sixteenth word of a line is looked at in one pass; a whole line is therefore seen in the next one.
    const places = [
      { where: 'its fill', address: 0x100000 + 5 * 2 ** 20, length: 64 },
      { where: 'the first word of a page of its ring', address: 0x100000 + 9 * 2 ** 20, length: 1 },
      { where: 'the last word of a page of its ring', address: 0x100000 + 9 * 2 ** 20 + 4092, length: 1 },
    ]
    it.each(places)('notices a change in $where, and never forgets it', async ({ address, length }) => {
      const guest = await beatGuest({ name: 'poked', ...small })
      start(lab.alpha, guest, '-gdb', 'unix:/run/poked.gdb,server=on,wait=off')
      const heard = listen(guest.beatPath)
      await heard.until((beats) => beats.length > 0)
      await pokeMemory(join(lab.alpha.run, 'poked.gdb'), address, Buffer.alloc(length, 0x5a))
      await heard.until((beats) => beats.at(-1)?.ok === false)
      const begun = heard.beats.findIndex(({ ok }) => !ok)
      await heard.until((beats) => beats.length > begun + 100)
      expect(heard.beats.slice(begun).every(({ ok }) => !ok)).toBe(true)
      const { badAddress = 0 } = heard.beats.at(-1) ?? {}
      expect(badAddress & ~4095).toBe(address & ~4095)
      expect(heard.report().corrupt).toBe(true)
    })

    it('shows a reboot', async () => {
      const guest = await beatGuest({ name: 'reset', ...small })
      start(lab.beta, guest, '-qmp', 'unix:/run/reset.qmp,server=on,wait=off')
      const heard = listen(guest.beatPath)
      await heard.until((beats) => beats.length > 10)
      const qmp = await qmpSocket(join(lab.beta.run, 'reset.qmp'))
      await qmp.command('system_reset')
      qmp.close()
      await heard.until((beats) => beats.at(-1)?.cookie !== beats[0]?.cookie)
      expect(heard.report()).toMatchObject({ backwards: 1, corrupt: false, lost: 0 })
      expect(heard.report().cookies).toHaveLength(2)
    })

    it('goes from alpha to beta over the data network, and each beat is heard once', async () => {
      const guest = await beatGuest({ name: 'mover', ...small })
      const monitor = ['-qmp', 'unix:/run/mover.qmp,server=on,wait=off']
      start(lab.alpha, guest, ...monitor)
      start(lab.beta, guest, ...monitor, '-incoming', `tcp:${lab.beta.address}:4444`)
      const heard = listen(guest.beatPath)
      await heard.until((beats) => beats.length > 100)
      const qmp = await qmpSocket(join(lab.alpha.run, 'mover.qmp'))
      await qmp.command('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] })
      await qmp.command('migrate', { uri: `tcp:${lab.beta.address}:4444` })
      await qmp.event(({ event, data }) => event === 'MIGRATION' && data?.status === 'completed')
      qmp.close()
      const moved = heard.beats.length
      await heard.until((beats) => beats.length > moved + 2 * beatPassTicks)
      const report = heard.report()
      expect(report).toMatchObject({ lost: 0, backwards: 0, corrupt: false, doubled: 0 })
      expect(report.handOvers).toEqual([
        { from: 'alpha', to: 'beta', gapMs: expect.any(Number), lostTicks: 0 },
      ])
      expect(heard.beats.at(-1)?.host).toBe('beta')
    })

    it('is refused when its memory does not fit', async () => {
      await expect(beatGuest({ name: 'big', ...small, memoryMiB: 11 })).rejects.toThrow('2 MiB for the BIOS')
      await expect(beatGuest({ name: 'odd', ...small, stepBytes: 12 })).rejects.toThrow('power of two')
    })

    it.skipIf(noLinux !== null)(
      `may also be Linux${noLinux === null ? '' : ` (not here: ${noLinux})`}`,
      async () => {
        const disk = join(lab.folder, 'data.raw')
        await writeFile(disk, Buffer.alloc(1024 ** 2))
        const guest = await linuxGuest({ name: 'linux', memoryMiB: 192, disk })
        start(lab.alpha, guest)
        const heard = listen(guest.beatPath)
        await heard.until((beats) => beats.length > 20, { timeout: 60_000 })
        expect(heard.report({ periodMs: linuxPeriodMs })).toMatchObject({
          lost: 0,
          backwards: 0,
          corrupt: false,
        })

        // it writes to its disk, and notices that somebody else does
        const written = (): Promise<Buffer> => readFile(disk).then((bytes) => bytes.subarray(0, 65_536))
        await heard.until((beats) => beats.length > 60, { timeout: 60_000 })
        const before = await written()
        await heard.until((beats) => beats.length > 80)
        expect((await written()).equals(before)).toBe(false)
        const file = await open(disk, 'r+')
        await file.write(Buffer.alloc(4096, 0xff), 0, 4096, 4096)
        await file.close()
        await heard.until((beats) => beats.some(({ ok, badAddress }) => !ok && badAddress === 2))
      },
      120_000,
    )
  },
)
