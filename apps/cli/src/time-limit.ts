import { type Domain, type Migration, vmError } from '@vmferry/core'

/** How long a migration may take, and what is done with one that takes longer. */
export interface TimeLimit {
  readonly seconds: number
  readonly action: 'abort' | 'suspend' | 'postcopy'
}

/** VM_UNSUPPORTED, before anything is touched, where the driver cannot do the action. */
export function checkAction({ action }: TimeLimit, { connection }: Pick<Domain, 'connection'>): void {
  if (action !== 'suspend' || connection.capabilities.features['suspend'] === true) return
  throw vmError(
    'VM_UNSUPPORTED',
    `suspending a guest while it is copied: the driver of ${connection.uri} cannot do that`,
    { phase: 'check', remedy: 'use --timeout-action abort' },
  )
}

/**
 * Does the action when the time is over: at once, or as soon as the guest is being copied. One that comes too late is not
 * done: the migration is finishing. Ends with the migration.
 */
export function startTimeLimit(
  { seconds, action }: TimeLimit,
  migration: Migration,
  say: (line: string) => void,
): void {
  const late = async (): Promise<void> => {
    if (action === 'abort') return migration.cancel(`it did not end within ${seconds} s`)
    for await (const { type } of migration) if (type === 'progress') break
    await migration.tune(action === 'suspend' ? { suspend: true } : { postCopy: true })
    say(
      `after ${seconds} s: ${action === 'suspend' ? 'the guest stands still until it is there' : 'post-copy'}`,
    )
  }
  const timer = setTimeout(() => void late().catch(() => {}), Math.min(seconds * 1000, LONGEST_TIMER))
  const end = (): void => clearTimeout(timer)
  migration.done.then(end, end)
}

/** Node's timers end at once beyond this. */
const LONGEST_TIMER = 2 ** 31 - 1
