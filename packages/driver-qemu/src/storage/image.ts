import { type Step } from '@vmferry/fence'
import { image } from '../fence/step.ts'
import type { Disk } from './disks.ts'

/** The unit of a qcow2 image, as QEMU makes it unless it is told otherwise. */
const CLUSTER_BITS = 16
const CLUSTER = 2 ** CLUSTER_BITS

/** Makes the disk's empty image on the target: it exists by then, or it was not made. */
export function imageStep({ path, format, bytes }: Disk): Step<null> {
  return format === 'qcow2' ? qcow2Step(path, bytes) : image(path, bytes, [])
}

/**
 * An empty qcow2 image of version 3, so that the host needs no qemu-img. Four kinds of cluster follow one another: the
 * header, the table of reference counts, one block of them, and the L1 table, in which nothing is mapped yet.
 */
function qcow2Step(path: string, bytes: number): Step<null> {
  const perEntry = (CLUSTER * CLUSTER) / 8
  const entries = Math.ceil(bytes / perEntry)
  const clusters = 3 + Math.max(1, Math.ceil((entries * 8) / CLUSTER))
  return image(path, clusters * CLUSTER, [
    [0, header(bytes, entries)],
    [1, bigEndian([8, 2 * CLUSTER])],
    [2, bigEndian(...Array.from({ length: clusters }, () => [2, 1] as const))],
  ])
}

function header(bytes: number, entries: number): Uint8Array {
  return bigEndian(
    [4, 0x514649fb], // magic
    [4, 3], // version
    [8, 0], // no backing file
    [4, 0],
    [4, CLUSTER_BITS],
    [8, bytes],
    [4, 0], // not encrypted
    [4, entries],
    [8, 3 * CLUSTER], // L1 table
    [8, CLUSTER], // table of reference counts
    [4, 1], // its clusters
    [4, 0], // no snapshots
    [8, 0],
    [8, 0], // features: incompatible, compatible, autoclear
    [8, 0],
    [8, 0],
    [4, 4], // a reference count has 2^4 bits
    [4, 104], // length of this header
    [8, 0], // no extension
  )
}

/** Numbers one after the other, each with its width in bytes. */
function bigEndian(...numbers: readonly (readonly [width: 2 | 4 | 8, value: number])[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(numbers.reduce((sum, [width]) => sum + width, 0)))
  let at = 0
  for (const [width, value] of numbers) {
    if (width === 2) out.setUint16(at, value)
    else if (width === 4) out.setUint32(at, value)
    else out.setBigUint64(at, BigInt(value))
    at += width
  }
  return new Uint8Array(out.buffer)
}
