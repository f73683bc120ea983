import { createPublicKey, type X509Certificate } from 'node:crypto'
import type { Finding } from '@vmferry/core/driver'
import { blocker } from '../facts/finding.ts'
import { certificatesIn, signerOf } from './certificate.ts'
import type { TlsDirectory, TlsRole } from './directory.ts'

/** QEMU's own name for the key that it takes where it is told none. */
const PSK_USER = 'qemu'

const ELSEWHERE = 'or name another directory with ?tls=/path in the connection URI'

/** What a host has for TLS, and all that is wrong with it. */
export interface TlsSurvey {
  readonly findings: readonly Finding[]
  /** Its own certificate; null: it has none that can be read. */
  readonly certificate: X509Certificate | null
  /** Who signed that. */
  readonly signer: X509Certificate | null
  /** Whom it trusts. */
  readonly authorities: readonly X509Certificate[]
}

/** Holds what a host has against what it needs in its role. */
export function tlsSurvey(host: string, role: TlsRole, directory: TlsDirectory): TlsSurvey {
  const at = { host, role, directory }
  const present = presenceFindings(at)
  if (directory.kind !== 'x509')
    return { findings: present, certificate: null, signer: null, authorities: [] }
  const authorities = certificatesIn(pemOf(at, 'ca-cert.pem'))
  const [certificate = null, ...between] = certificatesIn(pemOf(at, `${role}-cert.pem`))
  const signer = certificate && signerOf(certificate, between, authorities)
  const findings = [
    ...present,
    ...authorities.flatMap((one) => validityFindings(at, 'ca-cert.pem', one)),
    ...(certificate ? validityFindings(at, `${role}-cert.pem`, certificate) : []),
    ...(certificate && !signer && authorities.length > 0 ? [notSigned(at)] : []),
    ...(certificate ? keyFindings(at, certificate) : []),
  ]
  return { findings, certificate, signer, authorities }
}

/** A blocker of the side that has this role. */
export function tlsBlocker(role: TlsRole, code: string, message: string, remedy: string): Finding {
  return blocker(role === 'client' ? 'source' : 'target', code, message, remedy)
}

interface Place {
  readonly host: string
  readonly role: TlsRole
  readonly directory: TlsDirectory
}

function pemOf({ directory }: Place, name: string): string {
  const file = directory.files[name]
  return file?.readable ? file.pem : ''
}

function where({ host, directory }: Place, name: string): string {
  return `${directory.path}/${name} on ${host}`
}

/** What is not there, may not be read, may be read by too many, or is not what its name says. */
function presenceFindings(at: Place): Finding[] {
  const { host, role, directory } = at
  const { path, kind, files, users } = directory
  const own = ['ca-cert.pem', `${role}-cert.pem`, `${role}-key.pem`]
  if (kind === null) {
    const remedy = `put ${own.join(', ')} there, ${ELSEWHERE}`
    const message = `${path} on ${host} has neither ca-cert.pem nor keys.psk`
    return [tlsBlocker(role, 'tls-files-missing', message, remedy)]
  }
  const needed = kind === 'psk' ? ['keys.psk'] : own
  const missing = needed.filter((name) => !files[name])
  const findings: Finding[] = []
  if (missing.length > 0) {
    const message = `${path} on ${host} lacks ${missing.join(' and ')}`
    findings.push(tlsBlocker(role, 'tls-files-missing', message, `put what is missing there, ${ELSEWHERE}`))
  }
  for (const name of needed) {
    const file = files[name]
    if (!file) continue
    const secret = !name.endsWith('-cert.pem')
    if (secret && file.open) findings.push(exposed(at, name))
    if (!file.readable) {
      const message = `${where(at, name)} may not be read`
      findings.push(tlsBlocker(role, 'tls-file-unreadable', message, 'let the user that runs QEMU read it'))
    } else if (!secret && certificatesIn(file.pem).length === 0) {
      const message = `${where(at, name)} holds no certificate`
      findings.push(tlsBlocker(role, 'tls-file-invalid', message, 'put a certificate there, as PEM'))
    } else if (name === 'keys.psk' && !users.includes(PSK_USER)) {
      const message = `${where(at, name)} has no key of '${PSK_USER}'`
      findings.push(
        tlsBlocker(role, 'tls-key-missing', message, 'give both hosts one: psktool -u qemu -p keys.psk'),
      )
    }
  }
  return findings
}

function exposed(at: Place, name: string): Finding {
  const message = `everybody on ${at.host} may read ${at.directory.path}/${name}`
  const finding = tlsBlocker(at.role, 'tls-key-exposed', message, `chmod o-r ${at.directory.path}/${name}`)
  return { ...finding, severity: 'warning' }
}

/** By the clock of the host, which is the one that its QEMU goes by. */
function validityFindings(at: Place, name: string, { validFrom, validTo }: X509Certificate): Finding[] {
  const { role, host, directory } = at
  if (Date.parse(validTo) <= directory.now) {
    const message = `${where(at, name)} has expired: it was valid until ${validTo}`
    return [tlsBlocker(role, 'tls-expired', message, 'renew it')]
  }
  if (Date.parse(validFrom) > directory.now) {
    const message = `${where(at, name)} is not valid yet, but from ${validFrom} on`
    return [tlsBlocker(role, 'tls-not-yet-valid', message, `set the clock of ${host}, or wait`)]
  }
  return []
}

function notSigned(at: Place): Finding {
  const message = `${where(at, `${at.role}-cert.pem`)} is not signed by the ca-cert.pem beside it`
  return tlsBlocker(at.role, 'tls-not-signed', message, 'have it signed by that authority')
}

/** The key itself stays where it is: what is compared is its public half. */
function keyFindings(at: Place, certificate: X509Certificate): Finding[] {
  const { role, directory } = at
  const name = `${role}-key.pem`
  if (!directory.files[name]?.readable) return []
  if (!directory.openssl) {
    const message = `${where(at, name)} could not be held against its certificate: there is no openssl`
    const finding = tlsBlocker(
      role,
      'tls-key-unverified',
      message,
      'install openssl there to have it checked',
    )
    return [{ ...finding, severity: 'warning' }]
  }
  if (isKeyOf(certificate, pemOf(at, name))) return []
  const message = `${where(at, name)} is not the key of ${role}-cert.pem`
  return [
    tlsBlocker(role, 'tls-key-mismatch', message, 'put the key there that the certificate was made for'),
  ]
}

function isKeyOf({ publicKey }: X509Certificate, half: string): boolean {
  try {
    return createPublicKey(half).equals(publicKey)
  } catch {
    return false
  }
}
