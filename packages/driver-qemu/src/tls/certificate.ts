import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** The certificates of a PEM file, in their order; what is no certificate is passed over. */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return []
    }
  })
}

/** The authority that signed a certificate, itself or through those between; null: none of them did. */
export function signerOf(
  certificate: X509Certificate,
  between: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): X509Certificate | null {
  for (let [at, left] = [certificate, [...between]]; ; ) {
    const signed = (issuer: X509Certificate): boolean => at.checkIssued(issuer) && at.verify(issuer.publicKey)
    const authority = authorities.find(signed)
    if (authority) return authority
    const next = left.find(signed)
    if (!next) return null
    left = left.filter((other) => other !== next)
    at = next
  }
}

/** Whether it is made out to that name or address. */
export function carries(certificate: X509Certificate, name: string): boolean {
  const found = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)
  return found !== undefined
}

/** The names and addresses that it is made out to, for people. */
export function namesOn({ subjectAltName, subject }: X509Certificate): string {
  if (subjectAltName) return subjectAltName.replaceAll(/DNS:|IP Address:/g, '')
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? 'nobody'
}
