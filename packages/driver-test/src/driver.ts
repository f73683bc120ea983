import { type Capabilities, CONTRACT, type Driver } from '@vmferry/core/driver'
import {
  capabilitiesWith,
  type Fencing,
  narrowed,
  type TEST_CAPABILITIES,
  type TestCapabilities,
} from './capabilities.ts'
import { connectTest } from './connection.ts'
import { hex } from './hex.ts'
import { memoryWire } from './memory-wire.ts'
import { testAddress } from './test-address.ts'
import { createWorld, type World } from './world.ts'

/** Options of {@link test}. */
export interface TestOptions<F extends Fencing = Fencing> {
  /** The world whose hosts are connected to; default: a fresh one that only this driver knows. */
  readonly world?: World
  /** Abilities that every connection of this driver lacks, as if each URI had them in `?without=`. Default none. */
  readonly without?: readonly (keyof Capabilities)[]
  /**
   * What keeps an old controller out after a new claim. `host`: the host compares epochs. `session`: the claim ends the
   * connections of whoever claimed or changed the domain before, and what they have under way. `none`: nothing does,
   * stale effects land. Default `host`; a connection may have less by `?fencing=`, never more.
   */
  readonly fencing?: F
}

/**
 * The driver for a hypervisor in memory. Connection URIs: `test:///NAME` for any host name, made when it is first
 * connected to; `test:///default` has the running domains `web1` and `db1`. `?without=live,resource,…` imitates a
 * hypervisor that lacks those abilities, `?fencing=session` one that fences less. `test+tcp://ADDRESS:PORT/NAME` is a host
 * of a world in another process, which the command `vmferry-test-host` serves. Throws VM_INVALID for an unknown name in
 * `without` or `fencing`.
 */
export function test<F extends Fencing = 'host'>(options: TestOptions<F>): Driver<'test', TestCapabilities<F>>
/** The same, where nothing else is asked for: the host fences. */
export function test(options?: TestOptions<'host'>): Driver<'test', typeof TEST_CAPABILITIES>
export function test(options: TestOptions = {}): Driver<'test', TestCapabilities> {
  const world = options.world ?? createWorld()
  const lacking = options.without ?? []
  const capabilities = capabilitiesWith(options.fencing ?? 'host')
  narrowed(capabilities, { without: lacking, fencing: null })
  return {
    contract: CONTRACT,
    name: 'test',
    capabilities,
    async connect(uri, { clock, random }, call) {
      const { host, narrowing } = testAddress(uri)
      const without = [...lacking, ...narrowing.without]
      const lesser = narrowed(capabilities, { ...narrowing, without })
      if (uri.transport === 'tcp') {
        const { connectRemote } = await import('./net/connect-remote.ts')
        const less = { without, fencing: lesser.fencing }
        return connectRemote(uri, { host, capabilities: lesser, narrowing: less, clock }, call)
      }
      world.live(clock)
      const place = world.host(host)
      place.id ??= hex(random.bytes(8))
      const at = { world, host: place, capabilities: lesser, wire: memoryWire(world) }
      return connectTest(uri, at, call)
    },
  }
}
