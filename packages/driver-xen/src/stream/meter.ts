/** How far a stream of xl has come. */
export interface StreamFigures {
  /** Bytes of the stream so far. */
  readonly bytes: number
  /** Passes over the memory, from 1; 0 before the first page. */
  readonly rounds: number
  /** Pages in the pass that is under way. */
  readonly pages: number
}

/** Reads along a stream of xl as it is carried, and changes nothing of it. */
export interface StreamMeter {
  read(chunk: Uint8Array): void
  figures(): StreamFigures
}

/** Bytes. xl's header with its magic and four numbers, libxl's, libxc's image and domain headers. */
const SIZES = { xl: 48, libxl: 16, record: 8, image: 24, domain: 16 }

/** Of the optional data that follows xl's header: where in it its length stands. */
const OPTIONAL_LENGTH = 44

/** libxl's record that hands over to libxc, and libxc's record of pages. */
const TYPES = { libxcContext: 1, pageData: 1 }

/** The number of a page is in the low 60 bits. */
const PAGE_NUMBER = 2n ** 60n - 1n

/**
 * The stream has no mark between passes, but within one the numbers of pages only rise (measured on Xen 4.17: two passes
 * count as one if the second begins above the first's end). A stream in another format is counted in bytes only.
 */
export function streamMeter(): StreamMeter {
  let bytes = 0
  let rounds = 0
  let pages = 0
  let last = -1n
  const walk = headers((first, final, count) => {
    if (first <= last || rounds === 0) {
      rounds += 1
      pages = 0
    }
    last = final
    pages += count
  })
  let wanted = walk.next().value
  let kept: Uint8Array = new Uint8Array()
  let skip = 0
  return {
    read(chunk) {
      bytes += chunk.length
      if (wanted === undefined) return
      let rest = chunk
      while (rest.length > 0 && wanted !== undefined) {
        if (skip > 0) {
          const over = Math.min(skip, rest.length)
          skip -= over
          rest = rest.subarray(over)
          continue
        }
        const taken = rest.subarray(0, wanted.take - kept.length)
        rest = rest.subarray(taken.length)
        kept = joined(kept, taken)
        if (kept.length < wanted.take) return
        skip = wanted.skip
        const full = kept
        kept = new Uint8Array()
        wanted = walk.next(new DataView(full.buffer, full.byteOffset, full.length)).value
      }
    },
    figures: () => ({ bytes, rounds, pages }),
  }
}

/** How many bytes are wanted, and how many after them are of no interest. */
interface Want {
  readonly take: number
  readonly skip: number
}

type Pages = (first: bigint, last: bigint, count: number) => void

/** Walks over the headers of a stream; it ends where the format is not the known one. */
function* headers(onPages: Pages): Generator<Want, undefined, DataView> {
  const xl = yield { take: SIZES.xl, skip: 0 }
  const optional = xl.getUint32(OPTIONAL_LENGTH, true)
  yield* past(optional)
  const libxl = yield { take: SIZES.libxl, skip: 0 }
  if (words(libxl, 8) !== 'LibxlFmt') return undefined
  for (;;) {
    const record = yield { take: SIZES.record, skip: 0 }
    if (record.getUint32(0, true) === TYPES.libxcContext) break
    yield* past(padded(record.getUint32(4, true)))
  }
  yield* past(SIZES.image + SIZES.domain)
  for (;;) {
    const record = yield { take: SIZES.record, skip: 0 }
    const [type, length] = [record.getUint32(0, true), record.getUint32(4, true)]
    // what follows libxc's end is libxl's again, and short
    if (type === 0) return undefined
    if (type !== TYPES.pageData) {
      yield* past(padded(length))
      continue
    }
    const head = yield { take: 8, skip: 0 }
    const count = head.getUint32(0, true)
    if (count === 0 || 8 + count * 8 > length) return undefined
    const numbers = yield { take: count * 8, skip: 0 }
    onPages(pageAt(numbers, 0), pageAt(numbers, count - 1), count)
    yield* past(padded(length) - 8 - count * 8)
  }
}

function* past(length: number): Generator<Want, void, DataView> {
  if (length > 0) yield { take: 0, skip: length }
}

function pageAt(numbers: DataView, at: number): bigint {
  return numbers.getBigUint64(at * 8, true) & PAGE_NUMBER
}

/** Records are padded to eight bytes. */
function padded(length: number): number {
  return Math.ceil(length / 8) * 8
}

function words(view: DataView, length: number): string {
  return String.fromCharCode(...Array.from({ length }, (_, at) => view.getUint8(at)))
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other.slice()
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}
