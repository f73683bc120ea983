/** A server to be reached, as the URI, the options and ssh's configuration together name it. */
export interface SshTarget {
  /** The name that was asked for, before HostName. */
  readonly alias: string
  readonly host: string
  readonly port: number
  readonly user: string
  /** Private key files, in the order to be tried. */
  readonly identities: readonly string[]
  /** The agent may offer only the keys of these files. */
  readonly identitiesOnly: boolean
  /** The agent's socket. */
  readonly agent: string | null
  readonly knownHosts: readonly string[]
  readonly hostKeyAlias: string | null
  /** Servers to go through, in order. */
  readonly jumps: readonly string[]
  /** A command that ssh would speak through; not supported. */
  readonly proxyCommand: string | null
  /** Milliseconds; null if nothing says. */
  readonly connectTimeout: number | null
}

/** A place as messages name it. */
export function describeTarget(target: SshTarget): string {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  return `${target.user}@${host}:${target.port}`
}
