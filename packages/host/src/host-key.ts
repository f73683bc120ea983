import { createHash } from 'node:crypto'
import { type VmError, vmError } from '@vmferry/core/driver'
import { type KnownHost, keyType, knownHostName, matchesHost } from './known-hosts.ts'

/** What is on file about one server. */
export interface HostKeyPolicy {
  /** Host key algorithms to ask for: those of the keys on file come first, so that a server shows the one we know. */
  readonly algorithms: readonly HostKeyAlgorithm[]
  /** Null for the key on file; else the refusal. */
  judge(key: Buffer): VmError | null
}

/** Host key algorithms that are spoken. SHA-1 signatures (`ssh-rsa`) are not. */
export type HostKeyAlgorithm = (typeof spoken)[number]

const spoken = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const

/** A server whose key is to be judged. */
export interface KeyedServer {
  readonly host: string
  readonly port: number
  /** HostKeyAlias: the name to look for in place of host and port; null for none. */
  readonly alias: string | null
  /** `user@host:port`, for messages. */
  readonly place: string
  /** Where a new key is to be added. */
  readonly file: string
}

/** Strict host key checking: the key must be on file. There is no way to switch it off. */
export function hostKeyPolicy(entries: readonly KnownHost[], server: KeyedServer): HostKeyPolicy {
  const name = server.alias ?? knownHostName(server.host, server.port)
  const named = entries.filter((entry) => matchesHost(entry, name))
  // ssh(1) accepts the key of the bare name for another port, if nothing is on file for that port (sshconnect.c).
  const bare = server.alias === null && server.port !== 22 ? server.host.toLowerCase() : name
  const known = named.some((entry) => entry.marker === null)
    ? named
    : [...new Set([...named, ...entries.filter((entry) => matchesHost(entry, bare))])]
  const plain = known.filter((entry) => entry.marker === null)
  const types = new Set(plain.map((entry) => entry.type))
  const isKnown = (algorithm: string): boolean =>
    types.has(algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm)
  return {
    algorithms: [...spoken.filter(isKnown), ...spoken.filter((algorithm) => !isKnown(algorithm))],
    judge(key) {
      const same = known.filter((entry) => entry.key.equals(key))
      const revoked = same.find((entry) => entry.marker === 'revoked')
      if (revoked)
        return refusal(
          server,
          `is REVOKED in ${place(revoked)}`,
          key,
          'do not connect: the key is known to be stolen or void',
        )
      if (same.some((entry) => entry.marker === null)) return null
      const filed = plain.filter((entry) => named.includes(entry))
      const rival = filed.find((entry) => entry.type === keyType(key))
      if (rival) return changed(server, name, rival, key)
      if (filed[0]) return otherType(server, name, filed[0], key)
      const authority = known.find((entry) => entry.marker === 'cert-authority')
      if (authority) return certified(server, name, authority, key)
      return refusal(server, 'is not known', key, howToAdd(server, name, key))
    },
  }
}

/** `ED25519 key SHA256:…`, in the words of `ssh-keygen -l`. */
export function describeKey(key: Buffer): string {
  const type = keyType(key)
  const family = type.startsWith('ecdsa-') ? 'ECDSA' : type.replace(/^ssh-/, '').toUpperCase()
  const print = createHash('sha256').update(key).digest('base64').replace(/=+$/, '')
  return `${family} key SHA256:${print}`
}

function changed(server: KeyedServer, name: string, filed: KnownHost, key: Buffer): VmError {
  const what = `has CHANGED: ${place(filed)} has ${describeKey(filed.key)}`
  return refusal(
    server,
    what,
    key,
    `somebody may be in between; if the host was set up anew, ${replace(filed, name)} and ${howToAdd(server, name, key)}`,
  )
}

function otherType(server: KeyedServer, name: string, filed: KnownHost, key: Buffer): VmError {
  const what = `is of a type that is not on file: ${place(filed)} has ${describeKey(filed.key)}, which the server does not offer`
  return refusal(
    server,
    what,
    key,
    `the host's keys have changed or somebody is in between; ${howToAdd(server, name, key)}`,
  )
}

function certified(server: KeyedServer, name: string, authority: KnownHost, key: Buffer): VmError {
  const what = `is only vouched for by the @cert-authority in ${place(authority)}, and host certificates are not supported`
  return refusal(server, what, key, howToAdd(server, name, key))
}

function refusal(server: KeyedServer, what: string, key: Buffer, remedy: string): VmError {
  const message = `the host key of ${server.place}, ${describeKey(key)}, ${what}`
  return vmError('VM_REFUSED', message, { host: server.host, remedy })
}

function howToAdd(server: KeyedServer, name: string, key: Buffer): string {
  const port = server.port === 22 ? '' : `-p ${server.port} `
  const line = `${name} ${keyType(key)} ${key.toString('base64')}`
  return `verify the fingerprint on the host itself, then run \`ssh ${port}${server.host}\` once or add this line to ${server.file}: ${line}`
}

function replace(filed: KnownHost, name: string): string {
  return `run \`ssh-keygen -f '${filed.file}' -R '${name}'\``
}

function place(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`
}
