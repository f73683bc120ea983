import type { Migration, MigrationComplete } from '@vmferry/core'
import { errorText } from './error-text.ts'
import { exitCodeOfOutcome } from './exit-code.ts'
import type { View } from './frame.ts'
import { jsonView } from './json-view.ts'
import type { Output } from './output.ts'
import { plainView } from './plain-view.ts'
import { type Session, styleFor } from './session.ts'
import type { Voyage } from './summary.ts'
import { terminalView } from './terminal-view.ts'
import { startTimeLimit, type TimeLimit } from './time-limit.ts'

export interface Watch {
  readonly voyage: Voyage
  readonly json: boolean
  readonly limit?: TimeLimit
}

/** Starts a migration, draws it until its end and resolves with the exit code. From here on a signal cancels it. */
export async function watchedMigration(
  { output, interruption }: Session,
  start: () => Migration,
  { voyage, json, limit }: Watch,
): Promise<number> {
  interruption.signal.throwIfAborted()
  const migration = start()
  interruption.handOver((name) => cancelOn(name, migration, output))
  if (limit) startTimeLimit(limit, migration, (line) => output.say(line))

  const view = viewFor(output, voyage, json)
  let end: MigrationComplete | null = null
  for await (const event of migration) {
    await output.show(view(event))
    if (event.type === 'migration-complete') end = event
  }
  if (!end) throw new Error('the migration ended without its last event')
  if (end.error && !json) output.say(errorText(end.error, styleFor(process.stderr)))
  return exitCodeOfOutcome(end.outcome, interruption.name)
}

function viewFor(output: Output, voyage: Voyage, json: boolean): View {
  if (json) return jsonView()
  return output.live ? terminalView(voyage, output.columns, styleFor(process.stdout)) : plainView(voyage)
}

function cancelOn(name: string, migration: Migration, output: Output): void {
  let line = `${name}: cancelling, the guest stays on the source`
  migration.cancel(`interrupted by ${name}`).catch(() => {
    line = `${name}: too late to cancel, finishing`
  })
  // a cancel that comes too late has been refused by then
  setImmediate(() => output.say(line))
}
