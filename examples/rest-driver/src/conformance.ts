/**
 * How the conformance kit gets a cluster of two nodes, and how it looks at their guests without asking the driver.
 *
 * @packageDocumentation
 */
import type { ConformanceSetup, ConformanceStage, Side } from '@vmferry/core/driver'
import { rest } from './driver.ts'
import {
  type Cluster,
  checksumOf,
  counterOf,
  createCluster,
  type Node,
  startGuest,
} from './hypervisor/cluster.ts'
import { type RestServer, startServer } from './hypervisor/rest-server.ts'

const GUEST_BYTES = 4 * 1024 ** 2

/** A cluster of this process for each case. */
export const setup: ConformanceSetup = {
  async stage() {
    const cluster = createCluster('alpha', 'beta')
    return stageOf(cluster, await startServer(cluster))
  },
}

const NAMES = { source: 'alpha', target: 'beta' } as const

function stageOf({ nodes, jobs }: Cluster, server: RestServer): ConformanceStage {
  const node = (side: Side): Node => nodes.get(NAMES[side]) as Node
  return {
    driver: rest(),
    source: `rest+http://127.0.0.1:${server.port}/${NAMES.source}`,
    target: `rest+http://127.0.0.1:${server.port}/${NAMES.target}`,
    guestBytes: GUEST_BYTES,
    // the cluster has its own way between the nodes
    migrationUri: () => null,
    async start(side, name) {
      startGuest(node(side), name, GUEST_BYTES)
    },
    async look(side, name) {
      const guest = node(side).guests.get(name)
      if (!guest) return null
      const intact = checksumOf(guest.memory) === guest.checksum
      return { running: guest.runningSince !== null, counter: counterOf(guest), intact }
    },
    // a job that has ended is the cluster's history, and nothing that is left over
    traces: async (side) =>
      [...jobs.values()]
        .filter(({ from, state }) => from === NAMES[side] && state === 'running')
        .map(({ id, domain }) => `job ${id} of ${domain}`),
    close: () => server.close(),
  }
}
