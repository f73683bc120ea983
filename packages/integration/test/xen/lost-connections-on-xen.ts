import type { XenLab } from '@vmferry/lab'
import { openXenLab, xenProblem } from '@vmferry/lab'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Followed, followBeats } from './follow-beats.ts'
import { LOST_AT, loseController } from './lost-controller.ts'
import { type RealXenHosts, realXenHosts } from './real-xen-hosts.ts'
import { otherHost, type XenHostName } from './xen-hosts.ts'

const problem = await xenProblem()
const patiently = { timeout: 60_000, interval: 1_000 }

describe.skipIf(problem !== null)(
  `a guest of real Xen${problem === null ? '' : ` (not here: ${problem})`}`,
  () => {
    let lab: XenLab
    let hosts: RealXenHosts
    let guest: Followed
    let at: XenHostName = 'alpha'
    beforeAll(async () => {
      lab = await openXenLab()
      hosts = realXenHosts(lab)
      await lab.alpha.create({ name: 'web1' })
      guest = followBeats(lab, 'web1')
      await guest.beatsOn('alpha')
    })
    afterAll(() => lab.close())

    it.each(LOST_AT)(
      'is one domain, under its name, where all connections and the controller are lost $when $at: $outcome',
      async (lost) => {
        const from = at
        const to = otherHost(from)
        const home = lost.outcome === 'migrated' ? to : from
        const cut = () => hosts.cutConnections()
        const settled = async () => {
          expect(await hosts.domains(home)).toEqual(['web1 -b----'])
          expect(await hosts.domains(otherHost(home))).toEqual([])
        }
        expect(await loseController(hosts, { name: 'web1', from, to }, lost, { cut, settled })).toEqual(
          lost.settled,
        )
        await settled()
        at = home
        await guest.beatsOn(home)
        expect(await guest.report()).toMatchObject({ lost: 0, backwards: 0, corrupt: false, doubled: 0 })
        await vi.waitFor(async () => expect(await hosts.traces(otherHost(home))).toEqual([]), patiently)
      },
    )
  },
)
