import { connectEnds } from '../ends.ts'
import { inSession, type SessionOptions } from '../session.ts'
import { checkAction } from '../time-limit.ts'
import { watchedMigration } from '../watched-migration.ts'
import { migrateOptions, timeLimit, type Wishes } from '../wishes.ts'

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
    const { domain, there } = await connectEnds(session, source, name, target)
    const { json } = options
    const limit = timeLimit(wishes)
    if (limit) checkAction(limit, domain)
    return watchedMigration(session, () => domain.migrate(there, wanted), {
      voyage: { domain: name, source, target },
      json,
      ...(limit && { limit }),
    })
  })
}
