import { createHash } from 'node:crypto'
import { type HostProvider, vmError } from '@vmferry/core/driver'
import { type FileAccess, fileError } from './file-access.ts'
import { hostChannel } from './host-channel.ts'
import { type Lifeline, lifeline } from './lifeline.ts'
import { memoryDetach } from './memory-detach.ts'
import { type MemoryProcess, type MemoryProgram, memoryProcesses } from './memory-process.ts'
import { type MemorySockets, memorySockets } from './memory-socket.ts'
import type { Route } from './route.ts'
import { collect } from './running-process.ts'

/** Options of {@link memoryHost}. */
export interface MemoryHostOptions {
  /** The host's name in messages; default `memory`. Its id is made from it: one name, one host. */
  readonly name?: string
  /** The half of the scheme that it serves: `local` or `ssh` in place of the real ones; default `memory`. */
  readonly transport?: string
  /** What can be run on it, by the first word of the vector. */
  readonly programs?: Readonly<Record<string, MemoryProgram>>
}

/** A host in memory: its files, sockets and faults are in your hand. */
export interface MemoryHost extends HostProvider {
  /** By absolute path. */
  readonly files: Map<string, Uint8Array>
  readonly sockets: MemorySockets
  /** Breaks every connection to it; what runs there runs on. New channels can be opened. */
  cut(): void
  /** Ends every process and connection and begins a new boot; files stay. */
  restart(): void
}

/** A host for tests: no process, no file and no network, and the same contract as `local()` and `ssh()`. */
export function memoryHost(options: MemoryHostOptions = {}): MemoryHost {
  const { name = 'memory', transport = 'memory', programs = {} } = options
  const files: MemoryProcess['files'] = new Map()
  const sockets = memorySockets(name)
  const processes = memoryProcesses(name, programs, { files, sockets })
  const lives = new Set<Lifeline>()
  const id = createHash('sha256').update(name).digest('hex').slice(0, 32)
  const cut = (): void => {
    for (const life of lives)
      life.end(vmError('VM_CONNECTION', `the connection to ${name} is lost`, { host: name }))
    lives.clear()
  }

  const route = (life: Lifeline): Route => ({
    place: name,
    files: memoryFiles(files, name),
    async check(process, signal) {
      const found = processes.running.get(process.pid)
      const same = found?.id.startTime === process.startTime && found.id.bootId === process.bootId
      if (same && signal !== '') found.end(`SIG${signal}`)
      return same
    },
    async run(argv, settings, stop) {
      const process = processes.start(argv)
      process.stdin.end(settings.input)
      return collect(process, settings, stop)
    },
    start: async (argv) => processes.start(argv),
    detach: (argv, settings, stop) => memoryDetach(processes, { files, sockets }, argv, settings, name, stop),
    dial: async (path) => sockets.dial(path),
    listen: async (path) => sockets.listen(path),
    close: async () => void lives.delete(life),
  })

  return {
    name: transport,
    files,
    sockets,
    cut,
    restart() {
      processes.restart()
      sockets.reset()
      cut()
    },
    async open(_uri, call) {
      const life = lifeline()
      return life.run(call, async () => {
        lives.add(life)
        return hostChannel(id, route(life), life)
      })
    },
  }
}

function memoryFiles(files: Map<string, Uint8Array>, place: string): FileAccess {
  return {
    async read(path) {
      const data = files.get(path)
      if (data === undefined) throw fileError('read', path, place, '', true)
      return data.slice()
    },
    async write(path, data) {
      files.set(path, new Uint8Array(data))
    },
    async remove(path) {
      const root = path.replace(/\/+$/, '')
      for (const name of files.keys()) {
        if (name === root || name.startsWith(`${root}/`)) files.delete(name)
      }
    },
  }
}
