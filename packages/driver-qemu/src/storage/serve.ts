import { type EffectOptions, isVmError } from '@vmferry/core/driver'
import { type Fence, type Step } from '@vmferry/fence'
import type { BlockInfo, BlockNode } from '@vmferry/qmp'
import { attempt, tell } from '../fence/step.ts'
import { type CopiedDisk, fileOf } from './disks.ts'

/**
 * Opens the images to the source. Each is opened once more for that, beside the guest's own disk, which QEMU keeps closed until
 * the guest has arrived: so zeros stay holes, whatever the guest's disk does with them.
 */
export function servingSteps(disks: readonly CopiedDisk[]): readonly Step[] {
  if (disks.length === 0) return []
  return [
    tell('migrate-set-capabilities', { capabilities: [{ capability: 'late-block-activate', state: true }] }),
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
  const nodes = closedNodes(answers.at(-1) as readonly BlockInfo[], disks)
  const opened = nodes.map((node, at) =>
    tell('block-export-add', { type: 'nbd', id: `vmferry-open${at}`, 'node-name': node, writable: false }),
  )
  const early = [{ capability: 'late-block-activate', state: false }]
  const back = attempt('migrate-set-capabilities', { capabilities: early })
  await fence.act([serverAt(socket), ...opened, tell('nbd-server-stop'), back], call)
}

/** Above those that Linux gives away by itself, 32768 to 60999. */
const PORTS = { first: 61_000, count: 4_000 }

/** Ports that are tried. */
const TRIES = 5

/** Listens on a UNIX socket. */
export function serverAt(path: string): Step {
  return tell('nbd-server-start', { addr: { type: 'unix', data: { path } } })
}

/** Where QEMU is to listen for disks. */
interface Wanted {
  readonly host: string
  /** Null: any that is free. */
  readonly port: number | null
  /** The object by which it encrypts; null: it does not. */
  readonly credentials: string | null
}

/** Listens on a port, and says on which: one that is free is found by trying, for QEMU does not tell which it was given. `random`: whole numbers. */
export async function serveOnPort(
  fence: Fence,
  { host, port, credentials }: Wanted,
  random: () => number,
  call: EffectOptions,
): Promise<number> {
  for (let left = TRIES; ; left -= 1) {
    const tried = port ?? PORTS.first + (random() % PORTS.count)
    const addr = { type: 'inet', data: { host, port: `${tried}` } }
    const server = tell('nbd-server-start', {
      addr,
      ...(credentials !== null && { 'tls-creds': credentials }),
    })
    try {
      await fence.act([server], call)
      return tried
    } catch (error) {
      const isTaken = isVmError(error, 'VM_PHASE_FAILED') && /in use/.test(error.message)
      if (!isTaken || port !== null || left === 1) throw error
    }
  }
}

/** What the guest writes to, and what was copied. */
function closedNodes(drives: readonly BlockInfo[], disks: readonly CopiedDisk[]): string[] {
  const copied = (inserted: BlockNode): boolean => disks.some(({ path }) => path === fileOf(inserted))
  const nodes = drives.flatMap(({ inserted }) =>
    inserted && (!inserted.ro || copied(inserted)) ? (inserted['node-name'] ?? []) : [],
  )
  return Array.from(new Set(nodes))
}
