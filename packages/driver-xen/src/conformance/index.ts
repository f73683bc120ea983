/**
 * How the conformance kit gets hosts and guests of Xen.
 *
 * @packageDocumentation
 */
import type { CallOptions, ConformanceSetup, GuestSight, HostChannel } from '@vmferry/core/driver'
import { openXenStage } from './stage.ts'

/** Two hosts between which guests are to move. They have no other guests, for the kit counts them. */
export interface XenPair {
  /** Connection URIs without parameters: `xen+ssh://root@alpha/`. Run directories are made and removed below /tmp. */
  readonly source: string
  readonly target: string
  /** The target as the source sees it, for migration URIs. */
  readonly targetHost: string
}

/** A guest that counts and watches its memory. */
export interface XenKitGuest {
  /** Absolute path of a configuration file that is on both hosts, and lines of configuration after it; without a name. */
  readonly commandLine: readonly string[]
  /** Its memory in bytes, all of which a copy has to carry. */
  readonly bytes: number
  /** Milliseconds until it counts. Default: 60,000. */
  readonly bootLimit?: number
  /**
   * What the guest of that name has told on that host, whether it runs there now or not; null: nothing yet. `name` is that which the host calls its own: while
   * it arrives, xl adds `--incoming` to it.
   */
  count(host: HostChannel, name: string, call: CallOptions): Promise<GuestCount | null>
  /** Makes a host forget what earlier guests told there, before there is any. Default: there is nothing to forget. */
  forget?(host: HostChannel, call: CallOptions): Promise<void>
}

/** How far a guest has counted, and whether its memory is what it wrote. */
export type GuestCount = Pick<GuestSight, 'counter' | 'intact'>

/** Guests between hosts of your choice. `pairOf` gives two between which a transport works; null: there are none. */
export function xenSetup(
  pairOf: (transport: string | null) => XenPair | null,
  guest: XenKitGuest,
): ConformanceSetup {
  return {
    async stage(loan) {
      const pair = pairOf(loan.transport)
      return pair ? openXenStage(pair, guest, loan) : null
    },
  }
}

/** No two hosts with Xen are anybody's by default: it says what is to be named. */
export const setup: ConformanceSetup = {
  problem: async () =>
    "which two hosts, and which guest? Name them in a module, and give that with --setup: export const setup = xenSetup(…) from '@vmferry/driver-xen/conformance'",
  stage: async () => null,
}
