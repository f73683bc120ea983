import type { JsonObject } from '@vmferry/core/driver'
import { type Step } from '@vmferry/fence'
import { attempt, tell } from '../fence/step.ts'
import type { TlsKind, TlsRole } from './directory.ts'

/** QEMU's object for the encryption: not a name that a user would think of. */
export const TLS_CREDENTIALS = 'vmferry-tls'

/** One side of an encrypted stream. */
export interface TlsHalf {
  readonly kind: TlsKind
  readonly directory: string
  readonly role: TlsRole
}

/**
 * Makes QEMU encrypt the stream and prove the other side. `expected`: the name that the server must prove. The object may
 * be left from a migration whose controller was lost.
 */
export function tlsSteps({ kind, directory, role }: TlsHalf, expected: string): readonly Step[] {
  const credentials = { 'qom-type': `tls-creds-${kind}`, id: TLS_CREDENTIALS, dir: directory, endpoint: role }
  return [
    FORGET,
    tell('object-add', { ...credentials, 'verify-peer': true }),
    tell('migrate-set-parameters', { 'tls-creds': TLS_CREDENTIALS, 'tls-hostname': expected }),
  ]
}

const FORGET = attempt('object-del', { id: TLS_CREDENTIALS })

/** Back to the plain stream: parameters stay from one migration to the next. A QEMU without TLS has nothing to switch off. */
export const PLAINTEXT: readonly Step[] = [
  attempt('migrate-set-parameters', { 'tls-creds': '', 'tls-hostname': '' }),
  FORGET,
]

/** The same where a QEMU is to send: nothing, if it was `found` to send plainly. */
export function madePlain(found: JsonObject | undefined): readonly Step[] {
  return found?.['plain'] === true ? [] : PLAINTEXT
}
