import type { EffectOptions, Performed } from '@vmferry/core/driver'
import type { MigrationInfo } from '@vmferry/qmp'
import type { DiskFigures } from '../storage/mirror.ts'

/** Tells how far the copy has come, disks and memory together. */
export function report({ ram }: MigrationInfo, disks: DiskFigures, { onProgress }: EffectOptions): void {
  if (!ram || !onProgress) return
  const page = ram['page-size']
  onProgress({
    type: 'transfer',
    round: Math.max(1, ram['dirty-sync-count']),
    bytes: disks.bytes + ram.transferred,
    remainingBytes: disks.remaining + ram.remaining,
    totalBytes: disks.bytes + disks.remaining + ram.total,
    // in the first round QEMU says 0 and does not know
    ...(ram['dirty-sync-count'] > 1 && { dirtyBytesPerSecond: ram['dirty-pages-rate'] * page }),
  })
}

/** The same before it is the memory's turn. */
export function reportDisks(
  { bytes, remaining }: DiskFigures,
  memory: number,
  { onProgress }: EffectOptions,
): void {
  onProgress?.({
    type: 'transfer',
    round: 1,
    bytes,
    remainingBytes: remaining + memory,
    totalBytes: bytes + remaining + memory,
  })
}

/** What was sent in all. */
export function figures(info: MigrationInfo, disks: DiskFigures): Performed {
  const { ram, downtime, 'setup-time': setup } = info
  return {
    rounds: ram?.['dirty-sync-count'] ?? 0,
    bytes: disks.bytes + (ram?.transferred ?? 0),
    ...(setup !== undefined && { setupMs: setup }),
    // right after the end QEMU may still say 0 for both (6 of 44 runs, measured on 7.2)
    ...(downtime !== undefined && (info['total-time'] ?? 0) > 0 && { hypervisorDowntimeMs: downtime }),
  }
}
