import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { ConnectionUri } from '@vmferry/core/driver'

/** A real sshd on a port of its own, for the user who runs the tests. */
export interface RealSshd {
  readonly port: number
  readonly pid: number
  /** Scratch folder; removed by {@link RealSshd.stop}. */
  readonly folder: string
  /** The client's private key, which may log in. */
  readonly identity: string
  /** A known_hosts file with the server's keys. */
  readonly knownHosts: string
  /** What ssh() needs to trust it and to be let in, and nothing of the user's own. */
  readonly options: { config: null; knownHosts: string[]; identities: string[]; agent: null }
  /** `type base64` of a host key. */
  publicKey(type?: string): string
  uri(host?: string): ConnectionUri
  /** Process ids of the sshd that serve one connection each. */
  connections(): number[]
  /** Those and the processes of sshd behind them: one more each where sshd gives up its privileges. */
  workers(): number[]
  stop(): Promise<void>
}

const program = '/usr/sbin/sshd'

/** Why there is no real sshd here; empty if there is one. */
export const noSshd: string = existsSync(program) ? '' : `no ${program} here`

export async function realSshd(
  settings: readonly string[] = [],
  keyTypes: readonly string[] = ['ed25519'],
): Promise<RealSshd> {
  const folder = mkdtempSync(join(tmpdir(), 'vmferry-sshd-'))
  // Compiled into Debian's sshd; it is there wherever sshd runs as a service.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  for (const type of keyTypes) makeKey(join(folder, `host_${type}`), type)
  makeKey(join(folder, 'client'))
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(join(folder, 'client.pub')))
  const port = await freePort()
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...keyTypes.map((type) => `HostKey ${folder}/host_${type}`),
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    `PidFile ${folder}/pid`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'MaxStartups 100',
    // A bash that believes to be nested leaves the tester's own .bashrc alone, which may take its time.
    'SetEnv SHLVL=9',
    ...settings,
  ]
  writeFileSync(join(folder, 'sshd_config'), `${config.join('\n')}\n`)
  const server = spawn(program, ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  await new Promise<void>((resolve, reject) => {
    server.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      if (log.includes('Server listening')) resolve()
    })
    server.once('exit', () => reject(new Error(`sshd did not start: ${log}`)))
  })
  const publicKey = (type = keyTypes[0] ?? ''): string =>
    readFileSync(join(folder, `host_${type}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ')
      .trim()
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(knownHosts, keyTypes.map((type) => `[127.0.0.1]:${port} ${publicKey(type)}\n`).join(''))
  const identity = join(folder, 'client')
  const pid = server.pid ?? 0
  const connections = (): number[] => childrenOf(pid)
  return {
    port,
    pid,
    folder,
    identity,
    knownHosts,
    options: { config: null, knownHosts: [knownHosts], identities: [identity], agent: null },
    publicKey,
    uri: (host = '127.0.0.1') => sshUri(host, port),
    connections,
    workers: () => [...connections(), ...connections().flatMap(childrenOf)].filter(isSshd),
    async stop() {
      const gone = new Promise((resolve) => server.once('exit', resolve))
      const left = connections()
      if (server.exitCode === null && server.signalCode === null) {
        server.kill('SIGTERM')
        await gone
      }
      for (const one of left) killQuietly(one)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function sshUri(
  host: string,
  port: number | null,
  user: string | null = userInfo().username,
): ConnectionUri {
  const text = `test+ssh://${user ?? ''}@${host}:${port ?? ''}/`
  return { text, driver: 'test', transport: 'ssh', user, host, port, path: '/', query: {} }
}

export function makeKey(path: string, type = 'ed25519', passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', path])
}

export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function isSshd(pid: number): boolean {
  return existsSync(`/proc/${pid}/comm`) && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('sshd')
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
        const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return ppid === `${parent}` && state !== 'Z'
      } catch {
        return false
      }
    })
    .map(Number)
}
