import { createFerry, type Ferry, type MigrateOptions } from '@vmferry/core'
import { xen } from '@vmferry/driver-xen'
import type { XenLab } from '@vmferry/lab'
import { openXenLab, xenBeat, xenProblem } from '@vmferry/lab'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Followed, followBeats } from './follow-beats.ts'
import { type RealXenHosts, realXenHosts } from './real-xen-hosts.ts'
import { otherHost, type XenHostName } from './xen-hosts.ts'

const problem = await xenProblem()
const WHOLE = { lost: 0, backwards: 0, corrupt: false, doubled: 0 }

describe.skipIf(problem !== null)(
  `guests of real Xen${problem === null ? '' : ` (not here: ${problem})`}`,
  () => {
    let lab: XenLab
    let hosts: RealXenHosts
    let ferry: Ferry
    let web1: Followed
    let at: XenHostName = 'alpha'

    const created = async (name: string, memoryMiB = 16): Promise<Followed> => {
      await lab[at].create({ name, memoryMiB }, xenBeat)
      const guest = followBeats(lab, name)
      await guest.beatsOn(at)
      return guest
    }
    const begun = async (name: string, from: XenHostName, options: MigrateOptions = {}) => {
      const here = await ferry.connect(hosts.uri(from))
      const there = await ferry.connect(hosts.uri(otherHost(from)))
      const limits = PATIENT
      return { migration: (await here.domain(name)).migrate(there, { live: true, limits, ...options }) }
    }
    /** With a guest of its own, which is gone afterwards, whatever comes of it: the next test meets nobody. */
    const withGuest = async (
      name: string,
      memoryMiB: number,
      body: (guest: Followed) => Promise<void>,
    ): Promise<void> => {
      try {
        await body(await created(name, memoryMiB))
      } finally {
        for (const host of [lab.alpha, lab.beta])
          await host.exec(['sh', '-c', 'xl destroy "$1"; :', 'sh', name])
      }
    }
    /** What has arrived keeps its record until the guest goes on. */
    const expectNoTraces = async (): Promise<void> => expect(await hosts.traces(otherHost(at))).toEqual([])

    beforeAll(async () => {
      lab = await openXenLab()
      hosts = realXenHosts(lab)
      ferry = createFerry({ drivers: [xen()], hosts: [hosts.provider] })
      web1 = await created('web1')
    })
    afterAll(async () => {
      await ferry.close()
      await lab.close()
    })

    it.for(['ssh', 'relay', 'tcp'])('move at the bandwidth that they are given, by %s', (way, { task }) =>
      withGuest(`wide-${way}`, 48, async (wide) => {
        const there = otherHost(at)
        const uri = way === 'relay' ? 'relay:///' : `${way}://${there}/`
        const { migration } = await begun(`wide-${way}`, at, { bandwidth: LIMIT, uri })
        const seen: { readonly ms: number; readonly bytes: number }[] = []
        for await (const event of migration)
          if (event.type === 'progress') seen.push({ ms: performance.now(), bytes: event.bytes })
        await migration.done
        const rate = steadyRate(seen)
        Object.assign(task.meta, { limitMbps: LIMIT, mbps: Number(rate.toFixed(2)) })
        await wide.beatsOn(there)
        expect(await wide.report()).toMatchObject(WHOLE)
        expect(await hosts.traces(at)).toEqual([])
        expect(Math.abs(rate / LIMIT - 1)).toBeLessThan(0.1)
      }),
    )

    it('move two at once', () =>
      withGuest('web2', 16, async (web2) => {
        const both = await Promise.all(['web1', 'web2'].map((name) => begun(name, at)))
        await Promise.all(both.map(({ migration }) => migration.done))
        expect(await hosts.domains(at)).toEqual([])
        at = otherHost(at)
        expect((await hosts.domains(at)).toSorted()).toEqual(['web1 -b----', 'web2 -b----'])
        for (const guest of [web1, web2]) {
          await guest.beatsOn(at)
          expect(await guest.report()).toMatchObject(WHOLE)
        }
        await expectNoTraces()
      }))

    it('move ten times there and back', { timeout: 3_600_000 }, async ({ task }) => {
      const took: number[] = []
      for (let move = 0; move < 20; move += 1) {
        const from = performance.now()
        await (await begun('web1', at)).migration.done
        took.push(Math.round((performance.now() - from) / 1000))
        at = otherHost(at)
        await web1.beatsOn(at)
      }
      Object.assign(task.meta, { secondsOfEach: took })
      const report = await web1.report()
      expect(report).toMatchObject(WHOLE)
      expect(report.cookies).toHaveLength(1)
      await expectNoTraces()
    })
  },
)

/** Milliseconds: emulated hosts need minutes for what others do in seconds, and for half of one no byte may move. */
const PATIENT = { stall: 300_000, grace: 60_000 }

/** Mbps, less than the emulated hosts can do. */
const LIMIT = 4

/** Mbps between the first byte and the end of what moves at full speed: without what waits at the end for the hypervisors. */
function steadyRate(seen: readonly { readonly ms: number; readonly bytes: number }[]): number {
  const last = seen.at(-1)?.bytes ?? 0
  const steady = seen.filter(({ bytes }) => bytes > last * 0.1 && bytes < last * 0.8)
  const [first, end] = [steady[0], steady.at(-1)]
  if (!first || !end || end.ms - first.ms < 10_000) throw new Error('there was too little to be measured')
  return ((end.bytes - first.bytes) * 8) / 1000 / (end.ms - first.ms)
}
