import { execFileSync } from 'node:child_process'
import { createReadStream, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The fence monitor of a QEMU that answers each command as it is told to, in the lines that QEMU 7.2 writes. */
export function fakeFenceMonitor(
  folder: string,
  answers: Readonly<Record<string, object>>,
): { close(): void } {
  const [into, out] = [join(folder, 'fence.in'), join(folder, 'fence.out')]
  execFileSync('mkfifo', [into, out])
  const answering = openSync(out, 'r+')
  const commands = createReadStream('', { fd: openSync(into, 'r+') })
  createInterface({ input: commands }).on('line', (line) => {
    const { execute, id } = JSON.parse(line) as { execute: string; id?: string }
    const answer = answers[execute] ?? { return: {} }
    const named = id === undefined ? answer : { ...answer, id }
    writeSync(answering, `${JSON.stringify(named).replaceAll('":', '": ').replaceAll(',"', ', "')}\r\n`)
  })
  return {
    close() {
      // a read of a FIFO ends with a line, not with the descriptor
      writeSync(openSync(into, 'r+'), '{"execute":"quit"}\n')
      commands.destroy()
    },
  }
}
