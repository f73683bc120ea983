import { type Capabilities, CONTRACT, type Driver } from '@vmferry/core/driver'
import { narrowed, TEST_CAPABILITIES } from './capabilities.ts'
import { connectTest } from './connection.ts'
import { testAddress } from './test-address.ts'
import { createWorld, type World } from './world.ts'

/** Options of {@link test}. */
export interface TestOptions {
  /** The world whose hosts are connected to; default: a fresh one that only this driver knows. */
  readonly world?: World
  /** Abilities that every connection of this driver lacks, as if each URI had them in `?without=`. Default none. */
  readonly without?: readonly (keyof Capabilities)[]
}

/**
 * The driver for a hypervisor in memory. Connection URIs: `test:///NAME` for any host name, made when it is first
 * connected to; `test:///default` has the running domains `web1` and `db1`. `?without=live,resource,…` imitates a
 * hypervisor that lacks those abilities. Throws VM_INVALID for an unknown name in `without`.
 */
export function test(options: TestOptions = {}): Driver<'test', typeof TEST_CAPABILITIES> {
  const world = options.world ?? createWorld()
  const lacking = options.without ?? []
  narrowed(lacking)
  return {
    contract: CONTRACT,
    name: 'test',
    capabilities: TEST_CAPABILITIES,
    async connect(uri, { clock, random }, call) {
      const { host, without } = testAddress(uri)
      world.live(clock)
      const lesser = narrowed([...lacking, ...without])
      const place = world.host(host)
      place.id ??= hex(random.bytes(8))
      const at = { world, host: place, capabilities: lesser }
      return connectTest(uri, at, call)
    },
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
