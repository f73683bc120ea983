import type { Journal } from '@vmferry/core'

/** The user's journal in files, which is loaded when something is written or read. */
export function lateJournal(): Journal {
  let journal: Promise<Journal> | null = null
  const loaded = (): Promise<Journal> =>
    (journal ??= import('@vmferry/host/journal').then(({ fileJournal }) => fileJournal()))
  return {
    append: async (entry) => (await loaded()).append(entry),
    entries: async () => (await loaded()).entries(),
  }
}
