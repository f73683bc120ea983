import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { xenMachine } from './xen-machine.ts'
import type { XenHostName } from './xen-network.ts'

/** How long a machine may take until dom0 is ready, in milliseconds. Two busy cores take half a minute. */
const BOOT_MS = 180_000

/** Starts a host in the folder of its lab, and rejects if there is no such program. */
export async function startMachine(folder: string, name: XenHostName, port: number): Promise<ChildProcess> {
  const [file = '', ...rest] = xenMachine(name, port)
  const log = await open(join(folder, `${name}.log`), 'a')
  try {
    // A session of its own: Ctrl-C is for whoever started it.
    const child = spawn(file, rest, { cwd: folder, detached: true, stdio: ['ignore', log.fd, log.fd] })
    await once(child, 'spawn')
    return child
  } finally {
    await log.close()
  }
}

/** Resolves when dom0 says that it is ready. Rejects with the machine's last words when it ends, and when it is late. */
export async function machineReady(folder: string, name: XenHostName, child: ChildProcess): Promise<void> {
  const said = (end: string): Promise<string> =>
    readFile(join(folder, `${name}.${end}`), 'latin1').catch(() => '')
  const deadline = performance.now() + BOOT_MS
  while (!(await said('console')).includes(`LAB-READY ${name}`)) {
    const over = child.exitCode !== null || child.signalCode !== null
    if (over || performance.now() > deadline) {
      const words = `${await said('log')}${await said('console')}`.trim().split('\n').slice(-10).join('\n')
      throw new Error(`the Xen host ${name} ${over ? 'ended' : `is not up after ${BOOT_MS} ms`}: ${words}`)
    }
    await sleep(50)
  }
}

/** Ends a host, whatever it does, and resolves when it is gone. */
export async function endMachine(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
