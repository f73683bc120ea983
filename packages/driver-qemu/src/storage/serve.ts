import type { EffectOptions } from '@vmferry/core/driver'
import { type Fence, type Step } from '@vmferry/fence'
import type { BlockInfo } from '@vmferry/qmp'
import { attempt, tell } from '../fence/step.ts'
import type { CopiedDisk } from './disks.ts'

/**
 * Opens the images to the source. Each is opened once more for that, beside the guest's own disk, which QEMU keeps closed until
 * the guest has arrived: so zeros stay holes, whatever the guest's disk does with them.
 */
export function servingSteps(disks: readonly CopiedDisk[], socket: string): readonly Step[] {
  if (disks.length === 0) return []
  return [
    tell('migrate-set-capabilities', { capabilities: [{ capability: 'late-block-activate', state: true }] }),
    server(socket),
    ...disks.flatMap(({ id, path, format }) => [
      tell('blockdev-add', {
        driver: format,
        'node-name': id,
        discard: 'unmap',
        file: { driver: 'file', filename: path, discard: 'unmap' },
      }),
      tell('block-export-add', { type: 'nbd', id, 'node-name': id, name: id, writable: true }),
    ]),
  ]
}

/**
 * Closes the images to the source, and gives the guest its disks: by a read-only export, which is what makes any QEMU open what
 * it has kept closed. Only `cont` does that otherwise, and a guest that stays paused must be able to move on. Can be repeated.
 */
export async function closeImages(
  fence: Fence,
  disks: readonly CopiedDisk[],
  socket: string,
  call: EffectOptions,
): Promise<void> {
  if (disks.length === 0) return
  const closed = [
    attempt('nbd-server-stop'),
    ...disks.map(({ id }) => attempt('blockdev-del', { 'node-name': id })),
  ]
  const answers = await fence.act([...closed, tell('query-block')], call)
  const opened = writtenNodes(answers.at(-1) as readonly BlockInfo[]).map((node, at) =>
    tell('block-export-add', { type: 'nbd', id: `vmferry-open${at}`, 'node-name': node, writable: false }),
  )
  const early = [{ capability: 'late-block-activate', state: false }]
  const back = attempt('migrate-set-capabilities', { capabilities: early })
  await fence.act([server(socket), ...opened, tell('nbd-server-stop'), back], call)
}

function server(path: string): Step {
  return tell('nbd-server-start', { addr: { type: 'unix', data: { path } } })
}

function writtenNodes(drives: readonly BlockInfo[]): string[] {
  const nodes = drives.flatMap(({ inserted }) =>
    inserted && !inserted.ro ? (inserted['node-name'] ?? []) : [],
  )
  return Array.from(new Set(nodes))
}
