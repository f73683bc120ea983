import { type Journal, vmError } from '@vmferry/core'
import { JOURNAL_HEADER, journalLine, numbered, readJournal } from '@vmferry/core/journal'
import type { Controller } from './controller.ts'
import type { SeededRandom } from './seeded-random.ts'
import { thrown } from './thrown.ts'

/** The disk of a controller's machine: what is on it outlives the controller. */
export interface Disk {
  /** The journal, a file for each migration. */
  readonly files: Map<string, DiskFile>
  full: boolean
}

/** A file with one writer. */
export interface DiskFile {
  synced: string
  /** Written, and lost with the power or not. */
  unsynced: string
  /** Number of the last entry. */
  last: number
  writer: Controller | null
}

export function createDisk(): Disk {
  return { files: new Map(), full: false }
}

/** The machine stops: what was not synced is there, or is not, or a part of it is. */
export function losePower({ files }: Disk, random: SeededRandom): void {
  for (const file of files.values()) {
    const kept = random.pick(['all', 'part', 'none'])
    if (kept === 'all') file.synced += file.unsynced
    if (kept === 'part') file.synced += file.unsynced.slice(0, random.below(file.unsynced.length + 1))
    file.unsynced = ''
  }
}

/**
 * Whether the journal on that disk has the commit of a migration. Whoever takes one over notes with the request what it knows: of a
 * migration that only a host has told it of, that there may have been a commit, which is caution and none.
 */
export function hasCommit({ files }: Disk, migration: string): boolean {
  const { synced = '' } = files.get(migration) ?? {}
  return readJournal(synced).some(({ step, request }) => step === 'committing' && !request)
}

/** The time that a line takes to be safe on the disk. */
const SYNC_MS = 2

/** A journal on that disk, which keeps the promises of `fileJournal()` of `@vmferry/host`. */
export function diskJournal(controller: Controller): Journal {
  const { disk } = controller.machine
  return {
    append: (entry) =>
      new Promise((resolve, reject) => {
        const { migration, step } = entry
        const write = (): void => {
          const file = fileOf(disk, migration)
          if (file.writer && file.writer !== controller && !file.writer.dead)
            return reject(vmError('VM_BUSY', `${file.writer.name} writes the journal of ${migration}`))
          if (disk.full) return reject(vmError('VM_PHASE_FAILED', 'ENOSPC: no space left on device, write'))
          if (file.writer !== controller) openFor(controller, file)
          const numberedEntry = numbered(entry, file.last)
          const isNew = file.synced === '' && file.unsynced === ''
          file.unsynced += `${isNew ? JOURNAL_HEADER : ''}${journalLine(numberedEntry)}`
          file.last += 1
          controller.reach({ point: 'sync', step })
          controller.later(SYNC_MS, () => {
            file.synced += file.unsynced
            file.unsynced = ''
            if (step === 'settled') file.writer = null
            controller.reach({ point: 'kept', step })
            controller.enter(resolve)
          })
        }
        controller.enter(() => {
          controller.reach({ point: 'write', step })
          controller.enter(() => {
            try {
              write()
            } catch (error) {
              reject(thrown(error))
            }
          })
        })
      }),
    entries: async () => [...disk.files.values()].flatMap(({ synced }) => readJournal(synced)),
  }
}

function fileOf({ files }: Disk, migration: string): DiskFile {
  const file = files.get(migration) ?? { synced: '', unsynced: '', last: 0, writer: null }
  files.set(migration, file)
  return file
}

/** A torn last line is cut off before the next one is written. */
function openFor(controller: Controller, file: DiskFile): void {
  file.writer = controller
  file.synced = file.synced.slice(0, file.synced.lastIndexOf('\n') + 1)
  file.last = readJournal(file.synced).at(-1)?.seq ?? 0
}
