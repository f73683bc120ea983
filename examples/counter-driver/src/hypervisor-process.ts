import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../hypervisor/counter-hypervisor.js', import.meta.url))

/** A hypervisor that was started here. */
export interface HypervisorProcess {
  readonly socket: string
  /** Gives it a command as an operator would, past every driver. */
  tell<T>(command: string): Promise<T>
  end(): Promise<void>
}

/** Resolves when it listens. */
export async function startHypervisor(socket: string): Promise<HypervisorProcess> {
  const child = spawn(process.execPath, [PROGRAM, socket], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exit = once(child, 'exit')
  await Promise.race([
    once(child, 'message'),
    exit.then(([code]) => Promise.reject(new Error(`the hypervisor ended with ${String(code)}`))),
  ])
  return {
    socket,
    async tell<T>(command: string): Promise<T> {
      const connection = createConnection(socket)
      connection.write(`${command}\n`)
      try {
        const [line] = (await once(createInterface({ input: connection }), 'line')) as [string]
        if (!line.startsWith('ok ')) throw new Error(line)
        return JSON.parse(line.slice(3)) as T
      } finally {
        connection.destroy()
      }
    },
    async end() {
      child.kill('SIGKILL')
      await exit
    },
  }
}
