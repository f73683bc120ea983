import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun } from '../command.ts'
import type { XenHostName } from './xen-network.ts'
import { linkAddresses, xenHostNames } from './xen-network.ts'

/** What ssh reads to reach the hosts, as files. */
export interface XenKeys {
  /** Names `alpha` and `beta`. */
  readonly config: string
  /** The key that both hosts let in, as root. */
  readonly identity: string
  readonly knownHosts: string
}

/** Where a host can be reached on this machine. */
export type XenPorts = Readonly<Record<XenHostName, number>>

/**
 * Makes the keys below `folder`: one for whoever comes, and a host key each, `alpha` and `beta`. The hosts are known by their
 * names, by their addresses on the link, and by their ports on this machine.
 */
export async function writeXenKeys(folder: string, ports: XenPorts): Promise<XenKeys> {
  const file = (name: string): string => join(folder, name)
  await mkdir(folder, { mode: 0o700 })
  await Promise.all(
    ['client', ...xenHostNames].map((name) =>
      mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `vmferry-lab ${name}`, '-f', file(name)]),
    ),
  )
  const known = await Promise.all(
    xenHostNames.map(async (name) => {
      const [type, key] = (await readFile(file(`${name}.pub`), 'utf8')).split(' ')
      return `${name},${linkAddresses[name]},[127.0.0.1]:${ports[name]} ${type} ${key}\n`
    }),
  )
  const keys = { config: file('config'), identity: file('client'), knownHosts: file('known_hosts') }
  await writeFile(keys.knownHosts, known.join(''))
  await writeFile(keys.config, xenHostNames.map((name) => section(name, ports[name], keys)).join('\n'))
  return keys
}

function section(name: XenHostName, port: number, { identity, knownHosts }: XenKeys): string {
  return [
    `Host ${name}`,
    '  HostName 127.0.0.1',
    `  Port ${port}`,
    `  HostKeyAlias ${name}`,
    '  User root',
    `  IdentityFile "${identity}"`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile "${knownHosts}"`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
    '  BatchMode yes',
    '  ConnectTimeout 20',
    '  LogLevel ERROR',
    '',
  ].join('\n')
}
