import type { Frame } from './frame.ts'

/** Where a command writes. Neither stream's end ever ends the command: a migration outlives its reader. */
export interface Output {
  /** A terminal that can redraw a line. */
  readonly live: boolean
  /** Columns of the terminal at this moment. */
  columns(): number
  /** Writes to standard output; resolves when the reader has taken it, or is gone. */
  show(frame: Frame): Promise<void>
  /** Writes lines to standard output. */
  print(...lines: readonly string[]): Promise<void>
  /** Writes a line to standard error, above the live line if there is one. */
  say(text: string): void
}

/** The output of this process. */
export function openOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Output {
  let drawn = ''
  let gone = false
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    gone = true
    if (error.code !== 'EPIPE') stderr.write(`warning: standard output is lost: ${error.message}\n`)
  })
  stderr.on('error', () => {})

  const write = (text: string): Promise<void> =>
    new Promise((resolve) => {
      if (gone || text === '') resolve()
      else stdout.write(text, () => resolve())
    })

  const output: Output = {
    live: stdout.isTTY && process.env['TERM'] !== 'dumb',
    columns: () => stdout.columns || 80,
    async show({ lines, live = '' }) {
      if (lines.length === 0 && live === drawn) return
      const over = drawn === '' ? ['', ''] : ['\r', '\u001b[K']
      const kept = lines.map((line, index) => (index === 0 ? `${over[0]}${line}${over[1]}\n` : `${line}\n`))
      const erased = kept.length > 0 || drawn === '' ? '' : '\r\u001b[K'
      const redrawn = live === '' ? erased : `\r${live}\u001b[K`
      drawn = live
      // one write, new text over the old: nothing flickers
      await write(kept.join('') + redrawn)
    },
    print: (...lines) => output.show({ lines }),
    say(text) {
      const live = drawn
      if (live !== '') stdout.write('\r\u001b[K')
      stderr.write(`${text}\n`)
      if (live !== '') stdout.write(live)
    },
  }
  return output
}
