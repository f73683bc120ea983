import { inSession, type SessionOptions } from '../session.ts'
import { watchedMigration } from '../watched-migration.ts'
import { migrateOptions, type Wishes } from '../wishes.ts'

/** `vmferry migrate …`: moves a domain and tells how it went; see the exit codes in the README. */
export async function migrate(
  source: string,
  name: string,
  target: string,
  wishes: Wishes,
  options: SessionOptions,
): Promise<number> {
  return inSession(options, async (session) => {
    const wanted = migrateOptions(wishes)
    const [here, there] = await session.connectBoth(source, target)
    const domain = await session.interruption.wait(here.domain(name))
    const { json } = options
    return watchedMigration(session, () => domain.migrate(there, wanted), {
      voyage: { domain: name, source, target },
      json,
      ...(wishes.timeout !== undefined && { timeout: wishes.timeout }),
    })
  })
}
