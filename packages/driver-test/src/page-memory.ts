import { digest } from './digest.ts'

/** The part of a guest that is no memory: it goes over last, when the guest has stopped. */
export interface Registers {
  /** Milliseconds that the guest has run in all its life. */
  readonly counter: number
  /** Writes to memory so far; the fraction is a write in the making. */
  readonly written: number
  readonly dirtyPerSecond: number
}

/** What a guest's memory looks like. */
export interface MemoryShape {
  /** How many pages are really kept and copied. */
  readonly pages: number
  /** Bytes that each of them stands for in sizes, rates and progress. */
  readonly pageBytes: number
  /** Writes to memory per second while the guest runs, one page each, from first to last and again. */
  readonly dirtyPerSecond: number
}

/** A guest's memory: a few words per page that are really written, marked dirty and copied. */
export interface PageMemory {
  readonly pages: number
  readonly pageBytes: number
  /** Pages written since {@link PageMemory.takeDirty}. */
  readonly dirtyPages: number
  /** Lets the guest run for `ms` milliseconds. Nobody ticks: this is called when somebody looks. */
  run(ms: number): void
  /** Whether that page was written since. */
  isDirty(page: number): boolean
  /** Every page counts as dirty. */
  markAll(): void
  /** The dirty pages, in order; none is dirty afterwards. */
  takeDirty(): number[]
  /** A copy of a page. */
  read(page: number): Uint32Array
  /** Overwrites a page, as a stream does: not a write of the guest. */
  load(page: number, words: Uint32Array): void
  readonly registers: Registers
  /** Replaces the registers, as a stream does, or as one who wants another dirty rate. */
  loadRegisters(registers: Registers): void
  /** Of all pages and registers: equal at both ends exactly if nothing was lost. */
  checksum(): string
}

/** Pages are kept for real: this is 4 MiB. */
const MOST_PAGES = 65_536

/** Whether there can be a memory of that shape. */
export function isMemoryShape(value: unknown): value is MemoryShape {
  if (typeof value !== 'object' || value === null) return false
  const { pages = 0, pageBytes = 0, dirtyPerSecond = -1 } = value as Partial<MemoryShape>
  const whole = Number.isSafeInteger(pages) && pages > 0 && pages <= MOST_PAGES
  const sized = Number.isSafeInteger(pageBytes) && pageBytes > 0 && Number.isSafeInteger(pages * pageBytes)
  return whole && sized && Number.isFinite(dirtyPerSecond) && dirtyPerSecond >= 0
}

/** Words of 32 bits per page: 64 bytes. */
const WORDS = 16

/** Memory full of zeros, none of it dirty. */
export function createPageMemory({ pages, pageBytes, dirtyPerSecond }: MemoryShape): PageMemory {
  const words = new Uint32Array(pages * WORDS)
  const dirty = new Set<number>()
  let registers: Registers = { counter: 0, written: 0, dirtyPerSecond }

  return {
    pages,
    pageBytes,
    get dirtyPages() {
      return dirty.size
    },
    get registers() {
      return registers
    },
    run(ms) {
      const written = registers.written + (ms * registers.dirtyPerSecond) / 1000
      const end = Math.floor(written)
      // each write overwrites its page: of many rounds over the memory only the last is to be seen
      for (let write = Math.max(Math.floor(registers.written), end - pages); write < end; write += 1) {
        const page = write % pages
        for (let word = 0; word < WORDS; word += 1) words[page * WORDS + word] = mixed(write + 1, word)
        dirty.add(page)
      }
      registers = { ...registers, counter: registers.counter + ms, written }
    },
    isDirty: (page) => dirty.has(page),
    markAll() {
      for (let page = 0; page < pages; page += 1) dirty.add(page)
    },
    takeDirty() {
      const taken = [...dirty].toSorted((one, other) => one - other)
      dirty.clear()
      return taken
    },
    read: (page) => words.slice(page * WORDS, (page + 1) * WORDS),
    load: (page, content) => words.set(content, page * WORDS),
    loadRegisters(loaded) {
      registers = { ...loaded }
    },
    checksum: () => digest([...words, Math.floor(registers.counter), Math.floor(registers.written)]),
  }
}

/** What a page holds before the guest has written to it. */
export function firstWords(page: number): Uint32Array {
  return new Uint32Array(WORDS).fill(page + 1)
}

/** Whether memory holds what its guest wrote, and nothing else: it follows from how often it has written. */
export function isUnharmed({ pages, pageBytes, registers, read }: PageMemory): boolean {
  const should = createPageMemory({ pages, pageBytes, dirtyPerSecond: 1000 })
  for (let page = 0; page < pages; page += 1) should.load(page, firstWords(page))
  should.run(Math.floor(registers.written))
  const same = (page: number): boolean => {
    const words = should.read(page)
    return read(page).every((word, at) => word === words[at])
  }
  return Array.from({ length: pages }, (_, page) => page).every(same)
}

/** Spreads the number of a write over the words of its page, so that two writes never look alike. */
function mixed(write: number, word: number): number {
  return Math.imul(write ^ (word << 24), 0x9e3779b1) >>> 0
}
