import { createFerry, type Driver, type MigrateOptions } from '@vmferry/core'
import { CONTRACT, defineCapabilities } from '@vmferry/core/driver'
import type { Bench } from '../bench.ts'
import { type Case, checkGuest } from '../case.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { LESSER, MIGRATES } from '../needs.ts'
import { countsOn, isGone } from '../watch.ts'

export const orchestratorCases: readonly Case[] = [
  checkGuest(
    'orchestrator.moves',
    MIGRATES,
    'vmferry itself moves the guest, even when a reader of its events fails',
    async (bench) => {
      await withFerry(bench, async ({ domain, there }) => {
        const migration = domain.migrate(there, { live: bench.capabilities.live })
        const reading = (async () => {
          for await (const event of migration)
            if (event.type === 'phase-start') throw new Error('a reader that fails')
        })()
        await reading.catch(() => {})
        await migration
      })
      await countsOn(bench, 'target', GUEST)
      await isGone(bench, 'source', GUEST)
    },
  ),

  checkGuest(
    'orchestrator.denies',
    [...MIGRATES, LESSER],
    'a wish that the manifest denies never reaches the driver',
    async (bench) => {
      const { live, resource, domainRename } = bench.capabilities
      const wishes: MigrateOptions[] = [
        ...(live ? [] : [{ live: true }]),
        ...(resource ? [] : [{ bandwidth: 100 }]),
        ...(domainRename ? [] : [{ rename: 'web2' }]),
      ]
      await withFerry(bench, async ({ domain, there }) => {
        for (const wish of wishes)
          await refusal(domain.migrate(there, wish).done, JSON.stringify(wish), 'VM_UNSUPPORTED')
      })
      await countsOn(bench, 'source', GUEST)
    },
  ),

  checkGuest(
    'orchestrator.transport',
    MIGRATES,
    'a transport that is not declared is refused by its name',
    async (bench) => {
      await withFerry(bench, async ({ domain, there }) => {
        const going = domain.migrate(there, { uri: 'pigeon://there' }).done
        const { message } = await refusal(going, 'a migration URI pigeon://there', 'VM_UNSUPPORTED')
        ensure(message.includes('pigeon'), `the refusal does not name it: ${message}`)
      })
      await countsOn(bench, 'source', GUEST)
    },
  ),
]

interface Ends {
  readonly domain: Awaited<ReturnType<Connection['domain']>>
  readonly there: Connection
}
type Connection = Awaited<ReturnType<ReturnType<typeof createFerry>['connect']>>

/** The orchestrator over the driver under test; what is wrong with its manifest is told once, by the case for it. */
async function withFerry(bench: Bench, use: (ends: Ends) => Promise<void>): Promise<void> {
  const { stage, clock, hosts } = bench
  const given = Object.entries(stage.driver.capabilities).filter(([, value]) => value !== undefined)
  const driver: Driver = {
    ...stage.driver,
    contract: CONTRACT,
    capabilities: defineCapabilities(Object.fromEntries(given)),
  }
  const ferry = createFerry({ drivers: [driver], hosts, clock })
  try {
    const here = await ferry.connect(stage.source)
    await use({ domain: await here.domain(GUEST), there: await ferry.connect(stage.target) })
  } finally {
    await ferry.close()
  }
}
