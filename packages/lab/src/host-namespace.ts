import { spawn } from 'node:child_process'
import { chmod, mkdir, open, readFile, stat, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mustRun } from './command.ts'
import { findProgram, searchPath } from './lab-problem.ts'
import type { HostName, HostState } from './lab-state.ts'
import { namespaceOf, startTimeOf } from './process-table.ts'
import { hostsFile } from './secure-shell.ts'

/** The name of the file in a host's /run that holds the id of its lab. */
export const markFile = '.vmferry-lab'

/** `argv`, to be run inside the namespaces of `pid`. nsenter replaces itself: the process started is the command. */
export function inside(pid: number, argv: readonly string[]): string[] {
  return ['nsenter', `--target=${pid}`, '--mount', '--uts', '--net', '--', ...argv]
}

/** What a command in a host finds in its environment: a login of root, not the session of whoever made the lab. */
export function hostEnvironment(name: HostName): Record<string, string> {
  const { homedir: home, username } = userInfo()
  const { LANG = 'C.UTF-8', TERM = 'dumb' } = process.env
  const user = { HOME: home, USER: username, LOGNAME: username, XDG_STATE_HOME: '/run/state' }
  return { PATH: searchPath(), ...user, HOSTNAME: name, LANG, TERM }
}

/** Starts the process that keeps a host's namespaces: they go with it and with the last process inside. */
export async function startHolder(folder: string, name: HostName): Promise<HostState> {
  const home = join(folder, 'hosts', name)
  await mkdir(join(home, 'run', 'sshd'), { recursive: true })
  await mkdir(join(home, 'run', 'lock'))
  await chmod(join(home, 'run'), 0o755)
  await writeFile(join(home, 'hosts'), hostsFile(name))
  await writeFile(join(home, 'hostname'), `${name}\n`)
  const own = await namespaceOf('self', 'net')
  const log = join(home, 'holder.log')
  const pid = await startDetached(
    ['unshare', '--net', '--mount', '--uts', '--propagation', 'private', '--', 'sleep', 'infinity'],
    log,
  )
  return waitFor(`the namespaces of ${name}`, log, async () => {
    const startTime = await startTimeOf(pid)
    const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
    if (startTime === undefined || command.trim() === 'unshare' || command === '') return undefined
    const [net, mnt] = await Promise.all([namespaceOf(pid, 'net'), namespaceOf(pid, 'mnt')])
    return net && mnt && net !== own ? { holder: { pid, startTime }, net, mnt } : undefined
  })
}

/** Gives a host its private /run, ~/.ssh, /etc/hosts, /etc/hostname and name. */
export async function furnish(folder: string, name: HostName, pid: number, id: string): Promise<void> {
  const home = join(folder, 'hosts', name)
  await writeFile(join(home, 'run', markFile), `${id}\n`)
  // bash reads it for each command that sshd runs: what a machine's owner keeps there is no part of a lab
  await writeFile(join(home, 'bashrc'), '')
  const places = [
    [join(home, 'bashrc'), join(userInfo().homedir, '.bashrc')],
    [join(home, 'ssh'), join(userInfo().homedir, '.ssh')],
    [join(home, 'hosts'), '/etc/hosts'],
    [join(home, 'hostname'), '/etc/hostname'],
    [join(home, 'run'), '/run'],
  ] as const
  for (const [from, to] of places) {
    if (await stat(to).catch(() => undefined)) await mustRun(inside(pid, ['mount', '--bind', from, to]))
  }
  await mustRun(inside(pid, ['hostname', name]))
}

/** Starts sshd in a host and waits until its port is open. */
export async function startDaemon(folder: string, name: HostName, pid: number): Promise<void> {
  const home = join(folder, 'hosts', name)
  const log = join(home, 'sshd.log')
  // sshd starts itself again for each connection and insists on its full path for that.
  const program = (await findProgram('sshd')) ?? '/usr/sbin/sshd'
  const daemon = await startDetached(
    inside(pid, [program, '-D', '-f', join(home, 'sshd_config'), '-E', log]),
    log,
    hostEnvironment(name),
  )
  await waitFor(`sshd on ${name}`, log, async () => {
    if ((await startTimeOf(daemon)) === undefined)
      throw new Error(`sshd on ${name} ended: ${await words(log)}`)
    const sockets = await readFile(`/proc/${pid}/net/tcp`, 'utf8')
    return / [0-9A-F]{8}:0016 00000000:0000 0A /.test(sockets) || undefined
  })
}

const words = async (log: string): Promise<string> => (await readFile(log, 'utf8').catch(() => '')).trim()

async function startDetached(
  argv: readonly string[],
  log: string,
  env?: Record<string, string>,
): Promise<number> {
  const [file = '', ...rest] = argv
  const output = await open(log, 'a')
  try {
    const child = spawn(file, rest, {
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      ...(env && { env }),
    })
    child.unref()
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    return child.pid ?? 0
  } finally {
    await output.close()
  }
}

async function waitFor<T>(what: string, log: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (performance.now() > deadline) throw new Error(`${what} did not come up: ${await words(log)}`)
    await sleep(3)
  }
}
