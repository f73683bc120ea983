import { EventEmitter, once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { HostProcess } from '@vmferry/core/driver'
import type { Said } from '../src/staying-shell.ts'

/** A shell that waits on a host, as its channel gives it. It ends with its standard input, or when it is told to die. */
export function fakeShell(answer: (heard: string) => Said | null, onKill: () => void = () => {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  stdin.on('data', (chunk: Buffer) => {
    const words = answer(String(chunk))
    if (!words) return
    stdout.write(words.stdout)
    stderr.write(words.stderr)
  })
  const death = new EventEmitter()
  const letGo = once(stdin, 'end')
  const exit = Promise.race([letGo, once(death, 'death')])
  const process = { stdin, stdout, stderr, exit, kill: async () => onKill() } as unknown as HostProcess
  return { process, stdout, stderr, letGo, die: () => death.emit('death') }
}
