/**
 * How the conformance kit gets hosts and guests of acme, and how it looks at them without asking the driver.
 *
 * @packageDocumentation
 */
import { randomUUID } from 'node:crypto'
import type { ConformanceSetup, ConformanceStage, Side } from '@vmferry/core/driver'
import { type AcmeHost, acmeHost, counterOf, startGuest } from './acme-hypervisor.ts'
import { acme } from './driver.ts'

const GUEST_BYTES = 8 * 1024 ** 2

/** Two new hosts for each case. */
export const setup: ConformanceSetup = {
  // a hypervisor that must be installed says here what this machine lacks
  problem: async () => null,
  stage: async () => stageOf(acmeHost(randomUUID()), acmeHost(randomUUID())),
}

function stageOf(source: AcmeHost, target: AcmeHost): ConformanceStage {
  const host = (side: Side): AcmeHost => (side === 'source' ? source : target)
  return {
    driver: acme(),
    source: `acme:///${source.name}`,
    target: `acme:///${target.name}`,
    guestBytes: GUEST_BYTES,
    // how a user names the way to the target; asked for once there are transports
    migrationUri: () => null,
    async start(side, name) {
      startGuest(host(side), name, GUEST_BYTES)
    },
    async look(side, name) {
      const guest = host(side).guests.get(name)
      return guest ? { running: true, counter: counterOf(guest), intact: true } : null
    },
    async crash(side, name) {
      host(side).guests.delete(name)
    },
    // what a migration could leave behind: processes, sockets, files, records
    traces: async () => [],
    async close() {
      for (const { guests } of [source, target]) guests.clear()
    },
  }
}
