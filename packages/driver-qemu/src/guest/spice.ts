import type { MigrationRequest } from '@vmferry/core/driver'
import { optionsNamed } from './command-line.ts'
import { isOn, optionValue, parseOptionList } from './option-list.ts'

/** What a guest's command line says of its SPICE server. */
export interface SpiceServer {
  /** Null: a UNIX socket. Empty: all addresses. */
  readonly address: string | null
  /** Clients log in with a ticket, and no secret of the command line says which. */
  readonly unknownPassword: boolean
  /** Path of the server's certificate; null: it has no port for TLS. */
  readonly certificate: string | null
}

/** The SPICE server that the command line asks for; null if it asks for none. */
export function spiceServer(argv: readonly string[]): SpiceServer | null {
  const value = optionsNamed(argv, 'spice').at(-1)
  if (value === undefined) return null
  const options = parseOptionList(value, '')
  const open = isOn(options, 'disable-ticketing') || isOn(options, 'sasl')
  const given = optionValue(options, 'password') ?? optionValue(options, 'password-secret')
  const folder = optionValue(options, 'x509-dir') ?? '.'
  const file = optionValue(options, 'x509-cert-file') ?? `${folder}/server-cert.pem`
  return {
    address: isOn(options, 'unix') ? null : (optionValue(options, 'addr') ?? ''),
    unknownPassword: !open && given === undefined,
    certificate: optionValue(options, 'tls-port') === undefined ? null : file,
  }
}

/**
 * The target as clients of SPICE see it: the address on which its server listens; where that is any, the host of the
 * connection to it, else that of the migration URI. Null: clients cannot follow the guest there.
 */
export function spiceHost({ address }: SpiceServer, { uri, target }: MigrationRequest): string | null {
  if (address === null || /^(?:127\.|::1$|localhost$)/.test(address)) return null
  const any = ['', '0.0.0.0', '::', '*'].includes(address)
  return any ? (target.uri.host ?? uri?.host ?? null) : address
}
