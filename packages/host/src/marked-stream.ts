import type { Readable } from 'node:stream'
import { tooMuch } from './running-process.ts'

/** A stream in pieces, each of which ends with a mark, a word and the end of that line. */
export interface MarkedStream {
  /** The next piece, and the word after its mark. VM_PROTOCOL if it is longer than `maxBytes`. */
  next(maxBytes: number): Promise<Piece>
}

export interface Piece {
  readonly bytes: Buffer
  readonly word: string
}

export function markedStream(source: Readable, mark: string): MarkedStream {
  let chunks: Buffer[] = []
  let size = 0
  let tail = Buffer.alloc(0)
  let taker: ((chunk: Buffer) => void) | null = null
  source.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    taker?.(chunk)
  })
  const piece = (): Piece => {
    const whole = Buffer.concat(chunks)
    const at = whole.indexOf(mark)
    const end = whole.indexOf('\n', at)
    chunks = [whole.subarray(end + 1)]
    size = whole.length - end - 1
    tail = Buffer.alloc(0)
    return { bytes: whole.subarray(0, at), word: whole.toString('utf8', at + mark.length, end).trim() }
  }
  return {
    next: (maxBytes) =>
      new Promise((resolve, reject) => {
        taker = (chunk) => {
          const window = Buffer.concat([tail, chunk])
          const at = window.indexOf(mark)
          tail = window.subarray(at < 0 ? -mark.length : at)
          const next = at >= 0 && window.includes('\n', at) ? piece() : null
          if (!next && size <= maxBytes + mark.length) return
          taker = null
          if (next && next.bytes.length <= maxBytes) resolve(next)
          else reject(tooMuch(maxBytes))
        }
        taker(Buffer.concat(chunks))
      }),
  }
}
