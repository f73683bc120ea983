import type { Journal, JournalEntry } from '@vmferry/core'
import type { Controller } from './controller.ts'
import type { SeededRandom } from './seeded-random.ts'

/** The disk of a controller's machine: what is on it outlives the controller. */
export interface Disk {
  readonly synced: string[]
  /** Written, and lost with the power or not. */
  unsynced: string[]
  full: boolean
}

export function createDisk(): Disk {
  return { synced: [], unsynced: [], full: false }
}

/** The machine stops: what was not synced is there, or is not, or half of it. */
export function losePower(disk: Disk, random: SeededRandom): void {
  for (const line of disk.unsynced) {
    const kept = random.pick(['all', 'half', 'none'])
    if (kept === 'all') disk.synced.push(line)
    if (kept === 'half') disk.synced.push(line.slice(0, random.below(line.length)))
    if (kept !== 'all') break
  }
  disk.unsynced = []
}

/** The time that a line takes to be safe on the disk. */
const SYNC_MS = 2

/** A journal on that disk, as its controller sees it: an entry is kept when it is synced, a torn last line never was. */
export function diskJournal(controller: Controller): Journal {
  const { disk } = controller.machine
  return {
    append: (entry) =>
      new Promise((resolve, reject) => {
        controller.enter(() => {
          controller.reach({ point: 'write', step: entry.step })
          controller.enter(() => {
            if (disk.full) return reject(new Error('ENOSPC: no space left on device, write'))
            disk.unsynced.push(`${JSON.stringify(entry)}\n`)
            controller.reach({ point: 'sync', step: entry.step })
            controller.later(SYNC_MS, () => {
              disk.synced.push(...disk.unsynced)
              disk.unsynced = []
              controller.reach({ point: 'kept', step: entry.step })
              controller.enter(resolve)
            })
          })
        })
      }),
    entries: async () => disk.synced.flatMap(entryOf),
  }
}

function entryOf(line: string): JournalEntry[] {
  return line.endsWith('\n') ? [JSON.parse(line) as JournalEntry] : []
}
