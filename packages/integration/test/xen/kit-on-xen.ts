import { CASES, conformance, type Runner } from '@vmferry/conformance'
import { systemClock } from '@vmferry/core'
import { xenSetup } from '@vmferry/driver-xen/conformance'
import { consoleBeats, consoleLogs, xenBeat, xenProblem } from '@vmferry/lab'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type LabPool, openLabPool } from './lab-pool.ts'
import { LIVE_CASES, liveWishes } from './live-wishes.ts'
import { inTrueTime, patientClock } from './patient-clock.ts'

/** How many times as patient the kit is as between real machines: a move between emulated ones takes a minute and more. */
const PATIENCE = Number(process.env['VMFERRY_KIT_PATIENCE'] ?? 20)

/** Whether all migrations are to be live, where the kit leaves that open; else only those are of which it says so. */
const LIVE = process.env['VMFERRY_KIT_LIVE'] === '1'

const CONFIG = '/lab/kit.cfg'
const MEMORY_MIB = 16

/** So many cases run at the same time, between as many pairs of hosts: the configuration of these tests says how many. */
const LABS = Number(process.env['VMFERRY_KIT_LABS'])

const problem = await xenProblem()

describe.skipIf(problem !== null)(`real Xen${problem === null ? '' : ` (not here: ${problem})`}`, () => {
  let pool: LabPool
  beforeAll(async () => {
    const lines = xenBeat({ name: 'kit', memoryMiB: MEMORY_MIB }).split('\n')
    const nameless = lines.filter((line) => !line.startsWith('name ')).join('\n')
    pool = await openLabPool(LABS, async ({ alpha, beta }) => {
      for (const host of [alpha, beta]) await host.write(CONFIG, nameless)
    })
  })
  afterAll(() => pool.close())

  const setup = xenSetup(
    () => ({ source: 'xen+ssh://root@alpha/', target: 'xen+ssh://root@beta/', targetHost: 'beta' }),
    {
      commandLine: [CONFIG],
      bytes: MEMORY_MIB * 1024 ** 2,
      async count(host, name, call) {
        const script = 'for log; do [ ! -e "$log" ] || tail -n 50 "$log"; done'
        const { stdout } = await host.exec(['sh', '-c', script, 'sh', ...consoleLogs(name)], call)
        const beats = consoleBeats([{ host: host.name, text: stdout }])
        const last = beats.at(-1)
        return last ? { counter: last.tick, intact: beats.every(({ ok }) => ok) } : null
      },
      async forget(host, call) {
        await host.exec(['sh', '-c', `rm -f ${consoleLogs('*').join(' ')}`], call)
      },
    },
  )
  const register: Runner['test'] = test.concurrent
  const patiently: Runner['test'] = (title, body, limit = 0) =>
    register(title, (context) => pool.use(() => body(context)), limit * PATIENCE)
  conformance({ describe, test: patiently }, inTrueTime(LIVE ? liveWishes(setup) : setup), {
    hosts: [{ name: 'ssh', open: (uri, call) => pool.mine().provider.open(uri, call) }],
    clock: patientClock(systemClock, PATIENCE),
    cases: LIVE ? LIVE_CASES : CASES,
  })
})
