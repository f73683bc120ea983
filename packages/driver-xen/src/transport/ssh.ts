import type { MigrationRequest } from '@vmferry/core/driver'

/** Where the source's OpenSSH goes: the migration URI's host, else the host of the target's connection. */
export interface SshDestination {
  readonly user: string | null
  readonly host: string
  readonly port: number | null
}

/** Where ssh goes; null if nothing names the target as the source sees it. */
export function sshDestination({ uri, target }: MigrationRequest): SshDestination | null {
  if (uri?.host) return { user: uri.user ?? target.uri.user, host: uri.host, port: uri.port }
  const { user, host, port } = target.uri
  return host ? { user, host, port } : null
}

const OPTIONS = {
  BatchMode: 'yes',
  StrictHostKeyChecking: 'yes',
  ConnectTimeout: '10',
  ControlMaster: 'no',
  ControlPath: 'none',
  Compression: 'no',
  ServerAliveInterval: '5',
  ServerAliveCountMax: '3',
}

/** The source's ssh to a destination, which asks nobody and trusts only known host keys. */
export function sshArguments({ user, host, port }: SshDestination): string[] {
  const options = Object.entries(OPTIONS).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const where = [...(user === null ? [] : ['-l', user]), ...(port === null ? [] : ['-p', String(port)])]
  return ['ssh', '-T', ...options, ...where, '--', host]
}
