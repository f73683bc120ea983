import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PROGRAM = 'qemu-system-x86_64'

/** Why the tests with a real QEMU cannot run here, or false. */
export const noQemu: string | false =
  spawnSync(PROGRAM, ['--version']).error === undefined ? false : `${PROGRAM} is not installed`

/** A QEMU process without a machine: it starts in a moment and its monitor is complete. */
export interface RealQemu extends AsyncDisposable {
  readonly process: ChildProcess
  /** A new connection to its monitor. */
  dial(): Promise<Socket>
}

export async function realQemu(monitor: '-qmp' | '-qmp-pretty' = '-qmp'): Promise<RealQemu> {
  const folder = await mkdtemp(join(tmpdir(), 'qmp-'))
  const path = join(folder, 'qmp')
  const machine = ['-machine', 'none', '-display', 'none', '-nodefaults']
  const child = spawn(PROGRAM, [...machine, monitor, `unix:${path},server=on,wait=off`], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const sockets: Socket[] = []
  return {
    process: child,
    async dial() {
      for (;;) {
        const socket = createConnection(path)
        sockets.push(socket)
        const connected = await new Promise<boolean>((resolve) => {
          socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
        })
        if (connected) return socket
        if (child.exitCode !== null) throw new Error(`QEMU ended with ${child.exitCode}`)
        await new Promise((resolve) => {
          setTimeout(resolve, 20)
        })
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      child.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}
