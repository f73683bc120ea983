import { type CallOptions, type ConnectionUri, type HostChannel, vmError } from '@vmferry/core/driver'

/** Where libvirt, and QEMU's own manual, have them. */
const USUAL = '/etc/pki/qemu'

/** The folder that `?tls=` names, or the usual one: where a host keeps what it needs for TLS. */
export function tlsDirectoryOf({ query: { tls = USUAL }, text }: ConnectionUri): string {
  if (/^\/[A-Za-z0-9_./+-]+$/.test(tls) && !tls.split('/').includes('..')) return tls.replace(/\/+$/, '')
  throw vmError(
    'VM_INVALID',
    `${text}: the directory of certificates ${JSON.stringify(tls)} is not a plain absolute path`,
    { remedy: 'use letters, digits and _ . / + - only' },
  )
}

/** Certificates of an authority, or a key that both hosts were given. */
export type TlsKind = 'x509' | 'psk'

/** What a host is in TLS: the source is the client. */
export type TlsRole = 'client' | 'server'

/** A file of the folder, as QEMU would find it. */
export interface TlsFile {
  readonly readable: boolean
  /** Everybody on the host may read it. */
  readonly open: boolean
  /** The certificates in it, or of a key its **public** half, as PEM; empty: there are none, or nobody could tell. */
  readonly pem: string
}

/** A host's folder, with nothing of it that is secret. */
export interface TlsDirectory {
  readonly path: string
  /** Null: it has neither the certificate of an authority nor keys. */
  readonly kind: TlsKind | null
  readonly files: Readonly<Record<string, TlsFile>>
  /** Whose keys are in keys.psk. */
  readonly users: readonly string[]
  /** There is a program to hold a key against its certificate. */
  readonly openssl: boolean
  /** The host's own clock, in milliseconds since 1970. */
  readonly now: number
}

/**
 * Tells, in one round trip, what is in the folder $1 for the role $2. Only certificates, the public half of a key and the
 * names of keys are ever printed. A password is never asked for: QEMU could not be told it either.
 */
const LOOK = `
echo "@now $(date +%s)"
command -v openssl >/dev/null && echo '@openssl'
cd "$1" 2>/dev/null || exit 0
for f in ca-cert.pem "$2-cert.pem" "$2-key.pem" keys.psk; do
  [ -f "$f" ] || continue
  [ -r "$f" ] && can=yes || can=no
  echo "@file $f $(stat -L -c %a "$f") $can"
  [ $can = yes ] || continue
  case $f in
    *-cert.pem) sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p' "$f";;
    *-key.pem) openssl pkey -in "$f" -passin pass: -pubout 2>/dev/null </dev/null;;
    keys.psk) sed -n 's/^\\([^:#]*\\):..*/@user \\1/p' "$f";;
  esac
done
exit 0
`

/** Looks at a host's folder, without a side effect. */
export async function tlsDirectory(
  host: HostChannel,
  path: string,
  role: TlsRole,
  call: CallOptions,
): Promise<TlsDirectory> {
  const { stdout } = await host.exec(['sh', '-c', LOOK, 'sh', path, role], call)
  const parts = stdout.split(/^@/m).slice(1)
  const words = parts.map((part) => part.slice(0, part.indexOf('\n')).split(' '))
  const all = (kind: string): string[][] => words.filter(([first]) => first === kind)
  const files = parts.flatMap((part, at): [string, TlsFile][] => {
    const [kind, name = '', mode = '', can] = words[at] ?? []
    if (kind !== 'file') return []
    const open = (Number.parseInt(mode, 8) & 4) !== 0
    return [[name, { readable: can === 'yes', open, pem: part.slice(part.indexOf('\n') + 1) }]]
  })
  const named = Object.fromEntries(files)
  return {
    path,
    kind: named['ca-cert.pem'] ? 'x509' : named['keys.psk'] ? 'psk' : null,
    files: named,
    users: all('user').map(([, ...user]) => user.join(' ')),
    openssl: all('openssl').length > 0,
    now: Number(all('now')[0]?.[1]) * 1000,
  }
}
