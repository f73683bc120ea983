/**
 * How the conformance kit gets two counter hypervisors, and how it looks at their guests without asking the driver.
 *
 * @packageDocumentation
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConformanceSetup, ConformanceStage, Side } from '@vmferry/core/driver'
import { counter } from './driver.ts'
import { type HypervisorProcess, startHypervisor } from './hypervisor-process.ts'

/** A copy at full speed takes a tenth of a second. */
const GUEST_BYTES = 4 * 1024 ** 2

/** Two hypervisor processes of this machine, in a folder of their own, for each case. */
export const setup: ConformanceSetup = {
  async stage() {
    const folder = await mkdtemp(join(tmpdir(), 'vmferry-counter-'))
    const [source, target] = await Promise.all(
      ['alpha', 'beta'].map((name) => startHypervisor(join(folder, `${name}.sock`))),
    )
    if (!source || !target) throw new Error('two were started')
    return stageOf(folder, { source, target })
  },
}

function stageOf(folder: string, both: Readonly<Record<Side, HypervisorProcess>>): ConformanceStage {
  const { source, target } = both
  return {
    driver: counter(),
    source: `counter://${source.socket}`,
    target: `counter://${target.socket}`,
    guestBytes: GUEST_BYTES,
    migrationUri: (transport) => (transport === null ? '127.0.0.1' : `${transport}://127.0.0.1`),
    async start(side, name, state) {
      await both[side].tell(`start ${name} ${GUEST_BYTES} ${state}`)
    },
    look: (side, name) => both[side].tell(`look ${name}`),
    async crash(side, name) {
      await both[side].tell(`kill ${name}`)
    },
    async traces(side) {
      const { tell, socket } = both[side]
      const guests = await tell<readonly { name: string; held: boolean }[]>('list')
      return [
        ...guests.filter(({ held }) => held).map(({ name }) => `${name} is held`),
        ...(await readdir(`${socket}.migrations`).catch(() => [])),
      ]
    },
    async close() {
      await Promise.all([source.end(), target.end()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
