import {
  exactQemu,
  exactQemuProblem,
  giveQemu,
  type Lab,
  labProblem,
  linuxGuest,
  linuxPeriodMs,
  linuxProblem,
  openLab,
  watchBeats,
} from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  ferry,
  guestFoldersOn,
  guestsOn,
  isWhole,
  NOTHING,
  reportIn,
  startBeating,
  stop,
  stopAll,
  untilNothingOn,
  vmferry,
  WHOLE,
} from './lab-guest.ts'

const problem = await labProblem()
const linux = problem ?? (await linuxProblem()) ?? (await exactQemuProblem())

/** Half of the beats may arrive no later than this on a machine that emulates the guests beside the tests. */
const JITTER = 30

describe.skipIf(problem !== null)(
  `a running guest between two real hosts${problem ? ` (${problem})` : ''}`,
  () => {
    let lab: Lab
    beforeAll(async () => {
      lab = await openLab()
    })
    afterEach(() => stopAll(lab))
    afterAll(() => lab?.close())

    const WAYS: readonly [
      string,
      readonly string[],
      { readonly name?: string; readonly transport: string },
    ][] = [
      ['live, by the best way', ['--live'], { transport: 'ssh' }],
      ['under a new name', ['--live', '--rename', 'web2'], { name: 'web2', transport: 'ssh' }],
      ['by tcp, asked for by name', ['--live', '--uri', 'tcp://beta'], { transport: 'tcp' }],
      ['through the controller', ['--live', '--uri', 'relay:///'], { transport: 'relay' }],
      ['to a bare host', ['--live', '--uri', 'beta'], { transport: 'ssh' }],
      ['stopped first', [], { transport: 'ssh' }],
    ]

    test.each(WAYS)('moves %s', async (_way, options, { name = 'web1', transport }) => {
      using watch = await startBeating(lab, { name: 'web1' })
      const { code, last, lines, stderr } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...options)
      expect({ code, last, stderr }).toMatchObject({
        code: 0,
        last: { outcome: 'migrated', domain: name, driver: 'qemu' },
      })
      expect(lines.find(({ type }) => type === 'migration-start')).toMatchObject({ transport })
      await beatsOn(watch, lab.beta)

      const report = watch.report()
      expect(isWhole(report)).toEqual(WHOLE)
      expect(report.handOvers).toMatchObject([{ from: 'alpha', to: 'beta', lostTicks: 0 }])

      expect(await untilNothingOn(lab.alpha)).toEqual(NOTHING)
      expect(await guestsOn(lab.beta)).toEqual([name])
      expect(await guestFoldersOn(lab.beta)).toHaveLength(1)
      expect(await stop(lab, BETA, name)).toBe(0)
      expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
    })

    test('goes through the controller where the hosts have no key for each other, and says why', async () => {
      using watch = await startBeating(lab, { name: 'web1' })
      const restore = await lab.alpha.replace('/root/.ssh/known_hosts', '')
      try {
        const { code, last, lines } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')
        expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
        expect(lines.find(({ type }) => type === 'migration-start')).toMatchObject({ transport: 'relay' })
        expect(lines).toContainEqual(expect.objectContaining({ type: 'warning', code: 'ssh-unreachable' }))
      } finally {
        await restore()
      }
      await beatsOn(watch, lab.beta)
      expect(isWhole(watch.report())).toEqual(WHOLE)
      await stop(lab, BETA, 'web1')
      expect([await untilNothingOn(lab.alpha), await untilNothingOn(lab.beta)]).toEqual([NOTHING, NOTHING])
    })

    test('obeys a limit of 200 Mbps within a tenth, by its own figure and by the network', async () => {
      using watch = await startBeating(lab, { name: 'web1', memoryMiB: 192, fillMiB: 128, pagesPerTick: 0 })
      const sent = async () => {
        const { stdout } = await lab.beta.exec(['cat', '/proc/net/dev'])
        return Math.max(...[...stdout.matchAll(/^\s*(?!lo)\S+:\s*(\d+)/gm)].map(([, bytes]) => Number(bytes)))
      }
      const before = await sent()
      const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live', '--bandwidth', '200')
      expect(code).toBe(0)
      const { bytesPerSecond, bytes } = reportIn(last)
      expect(bytesPerSecond).toBeGreaterThan(22_500_000)
      expect(bytesPerSecond).toBeLessThan(27_500_000)
      expect((await sent()) - before).toBeGreaterThan(bytes * 0.95)
      await beatsOn(watch, lab.beta)
      expect(isWhole(watch.report())).toEqual(WHOLE)
      await stop(lab, BETA, 'web1')
    })

    test('goes back and forth ten times', async () => {
      using watch = await startBeating(lab, { name: 'web1' })
      const downtimes: number[] = []
      for (let move = 0; move < 10; move += 1) {
        const [from, to, there] = move % 2 === 0 ? [ALPHA, BETA, lab.beta] : [BETA, ALPHA, lab.alpha]
        const { code, last } = await ferry(lab, 'migrate', from, 'web1', to, '--live')
        expect({ move, code, last }).toMatchObject({ move, code: 0, last: { outcome: 'migrated' } })
        downtimes.push(reportIn(last).downtimeMs)
        await beatsOn(watch, there)
      }
      const report = watch.report()
      expect(isWhole(report)).toEqual(WHOLE)
      expect(report.handOvers.map(({ lostTicks }) => lostTicks)).toEqual(Array.from({ length: 10 }, () => 0))
      // what the guest's own beat says of the silence, beyond the downtime that was reported
      const beyond = report.handOvers
        .map(({ gapMs }, move) => gapMs - (downtimes[move] ?? 0))
        .toSorted((a, b) => a - b)
      process.stdout.write(
        `downtimes ${downtimes.join(' ')} ms; silence beyond them ${beyond.map(Math.round).join(' ')} ms\n`,
      )
      expect(beyond[5]).toBeLessThanOrEqual(JITTER)
      expect(await guestsOn(lab.alpha)).toEqual(['web1'])
      await stop(lab, ALPHA, 'web1')
      expect([await untilNothingOn(lab.alpha), await untilNothingOn(lab.beta)]).toEqual([NOTHING, NOTHING])
    }, 240_000)

    test('two different guests move at the same time', async () => {
      using web = await startBeating(lab, { name: 'web1' })
      using db = await startBeating(lab, { name: 'db1', pagesPerTick: 8 })
      const both = await Promise.all(
        ['web1', 'db1'].map((name) => ferry(lab, 'migrate', ALPHA, name, BETA, '--live')),
      )
      expect(both.map(({ code }) => code)).toEqual([0, 0])
      await Promise.all([beatsOn(web, lab.beta), beatsOn(db, lab.beta)])
      expect([web, db].map((watch) => isWhole(watch.report()))).toEqual([WHOLE, WHOLE])
      expect(await guestsOn(lab.beta)).toEqual(['db1', 'web1'])
      expect(await untilNothingOn(lab.alpha)).toEqual(NOTHING)
      for (const name of ['web1', 'db1']) await stop(lab, BETA, name)
    })

    test('a guest that was paused stays paused, and one that asks for it is paused there', async () => {
      using watch = await startBeating(lab, { name: 'web1' })
      const { code } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live', '--paused')
      expect(code).toBe(0)
      const { lines } = await ferry(lab, 'list', BETA)
      expect(lines).toMatchObject([{ name: 'web1', state: 'paused' }])
      const before = watch.beats.length
      expect((await ferry(lab, 'migrate', BETA, 'web1', ALPHA, '--live')).code).toBe(0)
      expect((await ferry(lab, 'list', ALPHA)).lines).toMatchObject([{ name: 'web1', state: 'paused' }])
      expect(watch.beats.length).toBe(before)
      await stop(lab, ALPHA, 'web1')
    })

    test.skipIf(linux !== null)(
      `a Linux guest moves while it counts${linux ? ` (${linux})` : ''}`,
      async () => {
        const qemu = await exactQemu()
        const restore = await Promise.all([lab.alpha, lab.beta].map((host) => giveQemu(host, qemu)))
        onTestFinished(async () => {
          await stopAll(lab)
          for (const takeBack of restore) await takeBack()
        })
        const { argv, beatPath } = await linuxGuest({ name: 'linux1', memoryMiB: 256 })
        const started = await lab.controller.exec(vmferry('start', ALPHA, 'linux1', '--', ...argv))
        expect(started.stderr).toBe('')
        using watch = watchBeats([
          { host: lab.alpha, path: beatPath },
          { host: lab.beta, path: beatPath },
        ])
        await watch.until((beats) => beats.length > 10, { timeout: 90_000 })
        const { code, last } = await ferry(lab, 'migrate', ALPHA, 'linux1', BETA, '--live')
        expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
        await beatsOn(watch, lab.beta, 10)
        expect(isWhole(watch.report({ periodMs: linuxPeriodMs }))).toEqual(WHOLE)
        await stop(lab, BETA, 'linux1')
      },
    )
  },
)
