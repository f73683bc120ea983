import { randomFillSync } from 'node:crypto'
import { crc32 } from 'node:zlib'

export const PAGE = 4096

/** Milliseconds between two counts. */
const BEAT = 5

/**
 * A guest: it counts, and with each count it writes a page of its memory anew. Page 0 holds the counter and a checksum of
 * all other pages, so that a page that is lost on a migration shows for ever.
 *
 * @typedef {ReturnType<typeof createGuest>} Guest
 */

/** @param {{ name: string, uuid: string, bytes: number }} shape */
export function createGuest({ name, uuid, bytes }) {
  const memory = Buffer.alloc(bytes)
  const pages = bytes / PAGE
  /** @type {Set<number>} */
  const dirty = new Set()
  /** @type {NodeJS.Timeout | undefined} */
  let heart

  /** @param {number} number */
  const page = (number) => memory.subarray(number * PAGE, (number + 1) * PAGE)
  const counter = () => Number(memory.readBigUInt64LE(0))
  const checksum = () => memory.readUInt32LE(8)

  /** @param {number} number */
  const write = (number) => {
    const before = crc32(page(number))
    randomFillSync(page(number))
    memory.writeUInt32LE((checksum() ^ before ^ crc32(page(number))) >>> 0, 8)
    dirty.add(number).add(0)
  }
  const beat = () => {
    memory.writeBigUInt64LE(BigInt(counter() + 1), 0)
    write(1 + (counter() % (pages - 1)))
  }
  const allPages = Array.from({ length: pages }, (_, number) => number)
  const sum = () => allPages.slice(1).reduce((xor, number) => xor ^ crc32(page(number)), 0) >>> 0

  return {
    name,
    uuid,
    bytes,
    pages,
    page,
    /** @type {'incoming' | 'running' | 'paused' | 'stopped'} */
    state: 'incoming',
    /** The migration that holds this copy, or held it last. @type {string | null} */
    migration: null,
    /** Nobody else may begin a migration of it. */
    held: false,
    /** All of the memory is here. */
    complete: false,

    /** Memory as after a boot. */
    boot() {
      randomFillSync(memory, PAGE)
      memory.writeUInt32LE(sum(), 8)
      this.complete = true
    },
    /** @param {'running' | 'paused' | 'stopped'} state */
    become(state) {
      clearInterval(heart)
      this.state = state
      if (state === 'running') heart = setInterval(beat, BEAT)
    },
    end() {
      clearInterval(heart)
    },
    /** The pages written since the last time, in their order. */
    takeDirty() {
      const taken = [...dirty].toSorted((one, other) => one - other)
      dirty.clear()
      return taken
    },
    markAll() {
      for (const number of allPages) dirty.add(number)
    },
    dirtyBytes: () => dirty.size * PAGE,
    look() {
      return { running: this.state === 'running', counter: counter(), intact: sum() === checksum() }
    },
  }
}
