import { createFerry } from '@vmferry/core'
import { xen } from '@vmferry/driver-xen'
import { type HaltAt, haltingDriver } from './halting-driver.ts'
import type { XenHostName, XenHosts } from './xen-hosts.ts'

/** When a controller is lost, and how one that has no journal of it ends the migration. */
export interface LostAt {
  readonly when: 'before' | 'after'
  readonly at: HaltAt
  /** Without the journal nobody knows whether it was committed: what is complete at the target goes on there. */
  readonly outcome: 'rolledBack' | 'migrated'
  /** What is left to be settled: after confirm the source has nothing on file any more. */
  readonly settled: readonly string[]
}

const lost = (when: LostAt['when'], at: HaltAt, outcome: LostAt['outcome'], settled = [outcome]): LostAt => ({
  when,
  at,
  outcome,
  settled,
})

/** Around each message of xl's handshake: the banner, the stream, that all has come, the word to start it, and the report. */
export const LOST_AT: readonly LostAt[] = [
  lost('before', 'perform', 'rolledBack'),
  lost('after', 'perform', 'migrated'),
  lost('after', 'ready', 'migrated'),
  lost('after', 'handOver', 'migrated'),
  lost('before', 'finish', 'migrated'),
  lost('after', 'finish', 'migrated'),
  lost('after', 'confirm', 'migrated', []),
]

/** Which guest was to go where; live by default. */
export interface LostWay {
  readonly name: string
  readonly from: XenHostName
  readonly to: XenHostName
  readonly live?: boolean
}

/**
 * Moves a guest with a controller that stands still at one step; then whatever `cut` does happens, another controller settles it
 * without a journal, and the first one wakes. Resolves to the outcomes that the other one told.
 */
export async function loseController(
  hosts: XenHosts,
  { name, from, to, live = true }: LostWay,
  { when, at }: LostAt,
  watch: { readonly cut?: () => Promise<void>; readonly settled?: () => Promise<void> } = {},
): Promise<readonly string[]> {
  const halting = haltingDriver(xen(), at, when)
  await using first = createFerry({ drivers: [halting.driver], hosts: [hosts.provider] })
  await using second = createFerry({ drivers: [xen()], hosts: [hosts.provider] })
  const [here, there] = [await first.connect(hosts.uri(from)), await first.connect(hosts.uri(to))]
  const migration = (await here.domain(name)).migrate(there, { live })
  migration.done.catch(() => {})
  await Promise.race([halting.reached, migration.done])
  await watch.cut?.()
  const recovered = await (await second.connect(hosts.uri(from))).recover()
  await watch.settled?.()
  halting.wake()
  await migration.done.catch(() => {})
  return recovered.map(({ outcome }) => outcome)
}
