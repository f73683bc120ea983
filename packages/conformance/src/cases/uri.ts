import type { Bench } from '../bench.ts'
import { type Case, check, checkGuest } from '../case.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { moved } from '../moved.ts'
import { MIGRATES, some } from '../needs.ts'
import { countsOn } from '../watch.ts'

const URIS = [...MIGRATES, some('uriTransports')]

export const uriCases: readonly Case[] = [
  check('uri.host', URIS, 'a bare host as migration URI is enough', async (bench) => {
    const uri = bench.stage.migrationUri(null)
    if (uri === null) return 'this setup has no host to name'
    await bench.stage.start('source', GUEST, 'running')
    await moved(bench, { uri })
    await countsOn(bench, 'target', GUEST)
    return undefined
  }),

  check('uri.transports', URIS, 'a full URI with each declared transport moves the guest', async (bench) => {
    const untried: string[] = []
    for (const transport of bench.capabilities.uriTransports) {
      const pair = await bench.other(transport)
      if (pair) await movedBy(pair, transport)
      else untried.push(transport)
      await pair?.close()
    }
    ensure(
      untried.length < bench.capabilities.uriTransports.length,
      'the setup has no hosts for any transport',
    )
    return untried.length > 0 ? `not tried, for want of hosts: ${untried.join(', ')}` : undefined
  }),

  checkGuest(
    'uri.nowhere',
    URIS,
    'a migration URI that leads nowhere is refused, and the guest runs on',
    async (bench) => {
      const error = await refusal(
        moved(bench, { uri: 'nowhere.invalid' }),
        "the migration URI 'nowhere.invalid'",
      )
      await countsOn(bench, 'source', GUEST)
      ensure(error.message.trim() !== '', 'the refusal has no words')
    },
  ),
]

async function movedBy(bench: Bench, transport: string): Promise<void> {
  const uri = bench.stage.migrationUri(transport)
  ensure(uri !== null, `the setup has no migration URI for the declared transport '${transport}'`)
  await bench.stage.start('source', GUEST, 'running')
  await moved(bench, { uri })
  await countsOn(bench, 'target', GUEST)
}
