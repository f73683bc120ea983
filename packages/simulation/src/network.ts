import type { VmError } from '@vmferry/core'
import { vmError } from '@vmferry/core'
import type { World, WorldHost } from '@vmferry/driver-test'
import type { Controller } from './controller.ts'
import type { Passage } from './passage.ts'
import type { Scheduler } from './scheduler.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Trace } from './trace.ts'

/** Who looks at stale calls: what fencing should keep out. */
export interface Witness {
  /** A call with an effect has arrived, with an epoch that is lower than the host's. */
  staleArrived(passage: Passage): void
  /** One has succeeded. */
  staleLanded(passage: Passage): void
}

/** The messages between controllers and hosts. */
export interface Network {
  readonly world: World
  readonly trace: Trace
  readonly witness: Witness
  /** Brings a message to the other end, if the route is up when it leaves and when it arrives. */
  carry(controller: Controller, host: string, delay: number, deliver: () => void): void
  host(name: string): NetworkHost
}

/** A host as the network sees it. */
export interface NetworkHost {
  readonly data: WorldHost
  /** Milliseconds by which each of its answers is late. */
  slowMs: number
  /** Nothing new can be filed there. */
  full: boolean
  /** What is being carried out there. */
  readonly work: Set<AbortController>
  /** Processes and connections end, files stay, and nothing answers until {@link NetworkHost.boot}. */
  losePower(): void
  boot(): void
}

export function createNetwork(
  scheduler: Scheduler,
  random: SeededRandom,
  world: World,
  trace: Trace,
  witness: Witness,
): Network {
  const hosts = new Map<string, NetworkHost>()
  return {
    world,
    trace,
    witness,
    carry(controller, name, delay, deliver) {
      const route = controller.machine.route(name)
      if (!route.up) return
      scheduler.after(random.between(1, 15) + delay, () => {
        if (route.up) deliver()
      })
    },
    host(name) {
      const host = hosts.get(name) ?? networkHost(world.host(name))
      hosts.set(name, host)
      return host
    },
  }
}

/** The answer of a host that cannot file what it was asked for. */
export function noSpaceOn(host: string): VmError {
  return vmError('VM_PHASE_FAILED', `ENOSPC: no space left on ${host}`, { host })
}

function networkHost(data: WorldHost): NetworkHost {
  const down = (): VmError => vmError('VM_CONNECTION', `${data.name} has lost its power`, { host: data.name })
  const host: NetworkHost = {
    data,
    slowMs: 0,
    full: false,
    work: new Set(),
    losePower() {
      data.reachable = false
      for (const work of host.work) work.abort(down())
      host.work.clear()
      for (const session of data.sessions) session.end(down())
      data.sessions.clear()
      data.crash()
    },
    boot() {
      data.reachable = true
    },
  }
  return host
}
