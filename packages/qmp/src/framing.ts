const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const BRACKET_OPEN = 0x5b
const BRACKET_CLOSE = 0x5d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const WHITESPACE = new Set([SPACE, 0x09, 0x0a, 0x0d])

/** As deep as QEMU's own parser goes: the images of a long backing chain are nested in query-block. */
const MAX_DEPTH = 1024

const USUAL_BYTES = 64 * 1024

/** Cuts a stream of bytes into messages. */
export interface Framing {
  /**
   * Takes the next bytes and yields every message that they complete. The bytes yielded are valid until the next step.
   * Throws a SyntaxError as soon as what was taken cannot become a message; the stream is then of no use any more.
   */
  push(chunk: Uint8Array): Generator<Uint8Array>
}

/**
 * Cuts by the braces and not by the line, because a monitor in `pretty` mode spreads a message over many lines;
 * and by bytes, so that a UTF-8 character may be split between two chunks. Keeps at most `maxBytes`.
 */
export function framing(maxBytes: number): Framing {
  let held = Buffer.allocUnsafe(Math.min(USUAL_BYTES, maxBytes))
  let length = 0
  let depth = 0
  let inString = false
  let escaped = false

  return { push }

  function* push(chunk: Uint8Array): Generator<Uint8Array> {
    let start = 0
    let at = -1
    for (const byte of chunk) {
      at++
      const ended = step(byte)
      if (depth === 0 && !ended) start = at + 1
      if (length + at - start >= maxBytes) throw new SyntaxError(`a message is larger than ${maxBytes} bytes`)
      if (!ended) continue
      keep(chunk.subarray(start, at + 1))
      start = at + 1
      const frame = held.subarray(0, length)
      length = 0
      yield frame
      if (held.length > USUAL_BYTES) held = Buffer.allocUnsafe(USUAL_BYTES)
    }
    keep(chunk.subarray(start))
  }

  /** Takes one byte; true when it ends a message. */
  function step(byte: number): boolean {
    if (inString) {
      if (byte < SPACE) throw new SyntaxError('a control character inside a string')
      if (escaped) escaped = false
      else if (byte === BACKSLASH) escaped = true
      else if (byte === QUOTE) inString = false
      return false
    }
    if (byte === BRACE_OPEN || (byte === BRACKET_OPEN && depth > 0)) {
      depth++
      if (depth > MAX_DEPTH) throw new SyntaxError(`a message is nested deeper than ${MAX_DEPTH} levels`)
      return false
    }
    if (depth === 0) {
      if (!WHITESPACE.has(byte)) throw new SyntaxError(`the byte 0x${byte.toString(16)} between two messages`)
      return false
    }
    if (byte === QUOTE) inString = true
    else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) depth--
    return depth === 0
  }

  // One buffer that doubles: a message that arrives byte by byte must not cost an object per byte.
  function keep(bytes: Uint8Array): void {
    if (length + bytes.length > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(Math.min(held.length * 2, maxBytes), length + bytes.length))
      held.copy(larger, 0, 0, length)
      held = larger
    }
    held.set(bytes, length)
    length += bytes.length
  }
}
