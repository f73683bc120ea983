import type { X509Certificate } from 'node:crypto'
import type { CallOptions, Finding, JsonObject, MigrationRequest, Offer } from '@vmferry/core/driver'
import type { QemuHost } from '../qemu-host.ts'
import { carries, namesOn } from './certificate.ts'
import { type TlsDirectory, type TlsKind, type TlsRole, tlsDirectory } from './directory.ts'
import { type TlsSurvey, tlsBlocker, tlsSurvey } from './findings.ts'
import type { TlsHalf } from './steps.ts'

/** What the source tells the target of what it has, in the offer's cookie: nothing of it is secret. */
interface SourceTls {
  readonly kind: TlsKind
  /** Fingerprints of the authorities that it trusts. */
  readonly authorities: readonly string[]
  /** That of the one which signed its own certificate. */
  readonly signer: string | null
}

export function wantsTls({ uri }: MigrationRequest): boolean {
  return uri?.transport === 'tls'
}

/** Names under which the source may expect the target: where the stream goes, and where its connection went. */
export function targetNames({ uri, target }: MigrationRequest): string[] {
  return [...new Set([uri?.host, target.uri.host])].filter((name) => typeof name === 'string')
}

/** What the source has, for the cookie, and what is wrong with it. */
export async function sourceTls(
  at: QemuHost,
  call: CallOptions,
): Promise<{ readonly tls: JsonObject | null; readonly findings: readonly Finding[] }> {
  const { directory, survey } = await surveyed(at, 'client', call)
  const { kind } = directory
  const tls = kind && {
    kind,
    authorities: survey.authorities.map(fingerprint),
    signer: survey.signer && fingerprint(survey.signer),
  }
  return { tls, findings: survey.findings }
}

/** What is wrong with what the target has, and with both together. */
export async function targetTls(
  at: QemuHost,
  offer: Offer,
  request: MigrationRequest,
  call: CallOptions,
): Promise<readonly Finding[]> {
  const { directory, survey } = await surveyed(at, 'server', call)
  const source = sourceIn(offer)
  const here = directory.kind
  if (source && here && source.kind !== here) {
    const message = `${at.host.name} has ${WORDS[here]} in ${directory.path}, the source ${WORDS[source.kind]}`
    const remedy = 'give both hosts the same kind; where there is a ca-cert.pem, keys.psk is not looked at'
    return [...survey.findings, tlsBlocker('server', 'tls-kinds-differ', message, remedy)]
  }
  return [
    ...survey.findings,
    ...(source ? trustFindings(at.host.name, source, survey) : []),
    ...(survey.certificate ? nameFindings(at.host.name, survey.certificate, request) : []),
  ]
}

/** The name that the source is to expect: the first of those it may that is in the target's certificate. */
export async function nameInCertificate(
  at: QemuHost,
  request: MigrationRequest,
  call: CallOptions,
): Promise<string | null> {
  const { certificate } = (await surveyed(at, 'server', call)).survey
  return targetNames(request).find((name) => certificate && carries(certificate, name)) ?? null
}

/**
 * The name that the target must prove. It may choose which of those by which it is known here, since it knows its
 * certificate; any other name would let it be whoever it likes.
 */
export function expectedName(request: MigrationRequest, cookie: JsonObject = {}): string {
  const [first = '', ...others] = targetNames(request)
  return others.find((name) => name === cookie['name']) ?? first
}

/** What QEMU has to be told on this side: which kind it is the source has chosen. */
export function tlsHalf({ tlsDirectory: directory }: QemuHost, offer: Offer, role: TlsRole): TlsHalf {
  return { kind: sourceIn(offer)?.kind ?? 'x509', directory, role }
}

const WORDS: Readonly<Record<TlsKind, string>> = { x509: 'certificates', psk: 'a shared key' }

async function surveyed(
  { host, tlsDirectory: path }: QemuHost,
  role: TlsRole,
  call: CallOptions,
): Promise<{ readonly directory: TlsDirectory; readonly survey: TlsSurvey }> {
  const directory = await tlsDirectory(host, path, role, call)
  return { directory, survey: tlsSurvey(host.name, role, directory) }
}

/** It comes from another host: what has no known kind is nothing. */
function sourceIn({ cookie }: Offer): SourceTls | null {
  const { kind, authorities, signer = null } = (cookie?.['tls'] ?? {}) as Partial<SourceTls>
  if (kind !== 'x509' && kind !== 'psk') return null
  return { kind, authorities: Array.isArray(authorities) ? authorities : [], signer }
}

/** Each must trust who signed for the other. */
function trustFindings(host: string, source: SourceTls, { signer, authorities }: TlsSurvey): Finding[] {
  const stranger =
    source.signer !== null &&
    authorities.length > 0 &&
    !authorities.some((one) => fingerprint(one) === source.signer)
  const strange = signer !== null && !source.authorities.includes(fingerprint(signer))
  if (!stranger && !strange) return []
  const message = `${host} and the source do not trust one authority: ${
    stranger
      ? "the source's certificate is signed by one that is not in the target's ca-cert.pem"
      : `that of ${host} is signed by one that is not in the source's ca-cert.pem`
  }`
  const remedy = 'give both hosts the same ca-cert.pem, and certificates that it signed'
  return [tlsBlocker('server', 'tls-authorities-differ', message, remedy)]
}

function nameFindings(host: string, certificate: X509Certificate, request: MigrationRequest): Finding[] {
  const names = targetNames(request)
  if (names.some((name) => carries(certificate, name))) return []
  const message = `the certificate of ${host} is not made out to ${names.join(' or ')}, but to ${namesOn(certificate)}`
  const remedy = 'write a name that it carries into the migration URI, or have one made out to this name'
  return [tlsBlocker('server', 'tls-name-differs', message, remedy)]
}

function fingerprint({ fingerprint256 }: X509Certificate): string {
  return fingerprint256
}
