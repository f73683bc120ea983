import { type Readable, Transform } from 'node:stream'

/** A stream from the line after the one that starts with a tag. */
export interface AfterLine {
  readonly rest: Readable
  /** What followed the tag in its line (null if it never came), and what came before. */
  readonly line: Promise<{ readonly line: string | null; readonly noise: string }>
}

const mostNoise = 64 * 1024

export function afterLine(source: Readable, tag: string): AfterLine {
  let held: Buffer | null = Buffer.alloc(0)
  let tell: (heard: { line: string | null; noise: string }) => void = () => {}
  const line = new Promise<{ line: string | null; noise: string }>((resolve) => (tell = resolve))
  const rest = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      if (held === null) return callback(null, chunk)
      held = Buffer.concat([held, chunk])
      const from = held.indexOf(tag)
      const to = from < 0 ? -1 : held.indexOf('\n', from)
      if (to >= 0) {
        tell({ line: held.toString('utf8', from + tag.length, to).trim(), noise: '' })
        this.push(held.subarray(to + 1))
        held = null
      } else if (held.length > mostNoise) {
        tell({ line: null, noise: held.toString('utf8', 0, 4096) })
      }
      callback()
    },
    flush(callback) {
      tell({ line: null, noise: (held ?? '').toString().trim().slice(0, 4096) })
      callback()
    },
  })
  source.pipe(rest)
  // A source that breaks off has no 'end' to pass on.
  source.once('error', () => rest.end()).once('close', () => rest.end())
  rest.on('error', () => {})
  // What nobody wants any more must not keep the source from its end, and with it a session of sshd.
  rest.once('close', () => void source.unpipe(rest).resume())
  return { rest, line }
}
