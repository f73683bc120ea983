import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Authority, Lab } from '@vmferry/lab'
import { ALPHA, BETA } from './lab-guest.ts'

/** The connections of hosts whose certificates and keys are in `/run/pki`. */
export const [HERE, THERE] = [`${ALPHA}?tls=/run/pki`, `${BETA}?tls=/run/pki`]

/** Gives both hosts certificates of one authority, each for both roles. */
export async function certify({ alpha, beta }: Lab, authority: Authority): Promise<void> {
  for (const { name, run } of [alpha, beta]) {
    const folder = join(run, 'pki')
    for (const role of ['client', 'server']) await authority.sign(folder, role, { names: `DNS:${name}` })
    await copyFile(authority.certificate, join(folder, 'ca-cert.pem'))
  }
}
