import { expect, vi } from 'vitest'
import type { FakeXenHosts } from './fake-xen-hosts.ts'
import { type LostAt, loseController } from './lost-controller.ts'

/** Loses the controller of a guest that was to go from alpha to beta; one domain is left, under its name, and nothing on the source. Resolves to the outcomes that another controller told. */
export async function lostBetweenFakes(
  hosts: FakeXenHosts,
  lost: LostAt,
  { live }: { readonly live: boolean },
): Promise<readonly string[]> {
  await hosts.create('alpha', 'web1')
  const expected = { rolledBack: [['web1 -b----'], []], migrated: [[], ['web1 -b----']] }[lost.outcome]
  const settled = async () =>
    expect(await Promise.all([hosts.domains('alpha'), hosts.domains('beta')])).toEqual(expected)
  const way = { name: 'web1', from: 'alpha', to: 'beta', live } as const
  const outcomes = await loseController(hosts, way, lost, { settled })
  await settled()
  await vi.waitFor(async () => expect(await hosts.traces('alpha')).toEqual([]), { timeout: 5_000 })
  return outcomes
}
