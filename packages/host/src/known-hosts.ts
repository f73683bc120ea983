import { createHmac, timingSafeEqual } from 'node:crypto'

/** A line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  /** `@revoked` or `@cert-authority`; null for a plain key. */
  readonly marker: 'revoked' | 'cert-authority' | null
  /** The first field: patterns with commas between, or `|1|salt|hash`. */
  readonly hosts: string
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa` … */
  readonly type: string
  /** The key as it goes over the wire. */
  readonly key: Buffer
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

/**
 * Reads the text of a known_hosts file. Lines that OpenSSH would pass over are passed over: comments, unknown markers,
 * keys that are not base64 or are of another type than the line says.
 */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split('\n').flatMap((raw, index) => {
    const fields = raw.trim().split(/[ \t]+/)
    const marker = fields[0]?.startsWith('@') === true ? fields.shift()?.slice(1) : null
    if (marker !== null && marker !== 'revoked' && marker !== 'cert-authority') return []
    const [hosts = '', type = '', base64 = ''] = fields
    if (hosts === '' || hosts.startsWith('#')) return []
    const key = Buffer.from(base64, 'base64')
    if (type === '' || keyType(key) !== type) return []
    return [{ marker, hosts, type, key, file, line: index + 1 }]
  })
}

/** The name under which OpenSSH files the key of a host and port. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

/** Whether a line speaks of the host with that name (as {@link knownHostName} writes it). */
export function matchesHost(entry: KnownHost, name: string): boolean {
  if (entry.hosts.startsWith('|')) return matchesHash(entry.hosts, name)
  let hit = false
  for (const pattern of entry.hosts.split(',')) {
    const negated = pattern.startsWith('!')
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue
    if (negated) return false
    hit = true
  }
  return hit
}

/** The type that a key itself names; empty if it is none. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return ''
  const length = key.readUInt32BE(0)
  return length <= 64 && key.length > 4 + length ? key.toString('latin1', 4, 4 + length) : ''
}

function matchesHash(field: string, name: string): boolean {
  const [, magic, salt = '', hash = ''] = field.split('|')
  if (magic !== '1') return false
  const want = Buffer.from(hash, 'base64')
  const have = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return want.length === have.length && timingSafeEqual(want, have)
}

/** `*` is any text, `?` one character, letters are alike. In steps by the product of both lengths: no regular expression promises that. */
function matchesPattern(pattern: string, name: string): boolean {
  const [wanted, given] = [pattern.toLowerCase(), name.toLowerCase()]
  let [at, star, resume] = [0, -1, 0]
  for (let place = 0; place < given.length; ) {
    if (wanted[at] === '*') {
      star = at++
      resume = place
    } else if (wanted[at] === '?' || wanted[at] === given[place]) {
      at++
      place++
    } else if (star >= 0) {
      at = star + 1
      place = ++resume
    } else return false
  }
  return /^\**$/.test(wanted.slice(at))
}
