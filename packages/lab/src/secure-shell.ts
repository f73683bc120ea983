import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun } from './command.ts'
import type { HostName } from './lab-state.ts'
import { hostNames } from './lab-state.ts'
import { addresses } from './network.ts'

/** The names and addresses under which one host knows another. */
function hostsSeenFrom(viewer: HostName): Map<HostName, string> {
  if (viewer === 'controller') {
    return new Map(hostNames.map((name) => [name, addresses[name].control] as const))
  }
  const seen = new Map<HostName, string>([
    ['alpha', addresses.alpha.data],
    ['beta', addresses.beta.data],
  ])
  const controller = viewer === 'alpha' ? addresses.controller.control : '10.78.2.1'
  return seen.set('controller', controller)
}

/** The text of a host's /etc/hosts. */
export function hostsFile(viewer: HostName): string {
  const lines = [...hostsSeenFrom(viewer)].map(([name, address]) => `${address} ${name}`)
  return ['127.0.0.1 localhost', ...lines, ''].join('\n')
}

/**
 * Makes the keys and writes what ssh and sshd read, below `folder`: one client key for all hosts, a host key each, and
 * known_hosts with every name and address in use, so that strict checking works from the first connection on.
 */
export async function writeKeys(folder: string): Promise<void> {
  await mkdir(join(folder, 'ssh'), { recursive: true, mode: 0o700 })
  const keygen = (file: string, comment: string): Promise<string> =>
    mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', join(folder, 'ssh', file)])
  await Promise.all([
    keygen('client', 'vmferry-lab'),
    ...hostNames.map((name) => keygen(`host-${name}`, name)),
  ])
  const known = await Promise.all(
    hostNames.map(async (name) => {
      const [type, key] = (await readFile(join(folder, 'ssh', `host-${name}.pub`), 'utf8')).split(' ')
      const { data, control } = addresses[name]
      return `${[...new Set([name, data, control])].join(',')} ${type} ${key}\n`
    }),
  )
  await Promise.all(
    hostNames.map(async (name) => {
      const home = join(folder, 'hosts', name, 'ssh')
      await mkdir(home, { recursive: true, mode: 0o700 })
      await copyFile(join(folder, 'ssh', 'client'), join(home, 'id_ed25519'))
      await copyFile(join(folder, 'ssh', 'client.pub'), join(home, 'id_ed25519.pub'))
      await writeFile(join(home, 'known_hosts'), known.join(''), { mode: 0o600 })
      await writeFile(join(folder, 'hosts', name, 'sshd_config'), daemonConfig(folder, name))
    }),
  )
}

function daemonConfig(folder: string, name: HostName): string {
  return [
    'Port 22',
    `HostKey "${join(folder, 'ssh', `host-${name}`)}"`,
    `AuthorizedKeysFile "${join(folder, 'ssh', 'client.pub')}"`,
    'PidFile none',
    'UsePAM no',
    'UseDNS no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    // The folder may lie below one that others can write to, such as /tmp.
    'StrictModes no',
    'AllowStreamLocalForwarding yes',
    'MaxStartups 100',
    'PrintMotd no',
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n')
}
