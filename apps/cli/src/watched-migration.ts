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

export interface Watch {
  readonly voyage: Voyage
  readonly json: boolean
  /** Seconds after which the migration is cancelled. */
  readonly timeout?: number
}

/** Starts a migration, draws it until its end and resolves with the exit code. From here on a signal cancels it. */
export async function watchedMigration(
  { output, interruption }: Session,
  start: () => Migration,
  { voyage, json, timeout }: Watch,
): Promise<number> {
  interruption.signal.throwIfAborted()
  const migration = start()
  interruption.handOver((name) => cancelOn(name, migration, output))
  const endWatch = timeout === undefined ? () => {} : cancelAfter(timeout, migration)
  migration.done.then(endWatch, endWatch)

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

function cancelAfter(seconds: number, migration: Migration): () => void {
  const cancel = (): void => {
    migration.cancel(`it did not end within ${seconds} s`).catch(() => {})
  }
  const timer = setTimeout(cancel, Math.min(seconds * 1000, LONGEST_TIMER))
  return () => clearTimeout(timer)
}

/** Node's timers end at once beyond this. */
const LONGEST_TIMER = 2 ** 31 - 1
