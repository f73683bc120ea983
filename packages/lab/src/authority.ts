import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun } from './command.ts'

/** Whom a certificate is for, and for how long. */
export interface CertificateOptions {
  /** Its common name. Default: `vmferry-lab`. */
  readonly subject?: string
  /** Names and addresses in it, as OpenSSL writes them: `DNS:beta,IP:10.77.0.2`. Default: none. */
  readonly names?: string
  /** As `20200101000000Z`. Default: an hour ago, and a day ahead. */
  readonly from?: string
  readonly to?: string
}

/** An authority that signs certificates for the hosts of a lab, made by openssl. */
export interface Authority extends AsyncDisposable {
  /** Its own certificate, as a file. */
  readonly certificate: string
  /** Writes a certificate and its key to `NAME-cert.pem` and `NAME-key.pem` (mode 0600) in a folder. */
  sign(folder: string, name: string, options?: CertificateOptions): Promise<void>
  /** Makes an authority whose certificate is signed by this one. */
  between(): Promise<Authority>
  /** Writes a list to a file that revokes a certificate. */
  revoke(certificate: string, list: string): Promise<void>
}

const CONFIG = `
[ca]
default_ca = lab
[lab]
database = index
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
default_crl_days = 1
policy = any
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
`

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes an authority. Its own certificate is valid as the options say. */
export async function openAuthority(options: CertificateOptions = {}): Promise<Authority> {
  return opened((openssl) =>
    openssl(...signing(options), ...REQUEST, '-selfsign', '-keyfile', 'key.pem', ...AUTHORITY),
  )
}

type OpenSsl = (...words: readonly string[]) => Promise<string>

const REQUEST = ['-in', 'request', '-out', 'cert.pem']
const AUTHORITY = ['-extensions', 'authority']
const OURS = ['-cert', 'cert.pem', '-keyfile', 'key.pem']

async function opened(endorse: (openssl: OpenSsl, home: string) => Promise<unknown>): Promise<Authority> {
  const home = await mkdtemp(join(tmpdir(), 'vmferry-authority-'))
  const file = (name: string): string => join(home, name)
  const openssl: OpenSsl = (...words) => mustRun(['env', `--chdir=${home}`, 'openssl', ...words])
  const ask = (subject: string, key: string): Promise<string> =>
    openssl('req', '-new', '-subj', `/CN=${subject}`, ...NEW_KEY, '-keyout', key, '-out', 'request')
  await Promise.all([writeFile(file('config'), CONFIG), writeFile(file('index'), '')])
  await ask('vmferry-lab authority', 'key.pem')
  await endorse(openssl, home)
  return {
    certificate: file('cert.pem'),
    async sign(folder, name, options = {}) {
      const { subject = 'vmferry-lab', names } = options
      await mkdir(folder, { recursive: true })
      const to = (kind: string): string => join(folder, `${name}-${kind}.pem`)
      await ask(subject, to('key'))
      await writeFile(file('names'), names === undefined ? '' : `subjectAltName = ${names}\n`)
      const signed = ['-in', 'request', '-out', to('cert'), '-extfile', 'names']
      await openssl(...signing(options), ...OURS, ...signed)
    },
    between: () =>
      opened((_openssl, there) => {
        const signed = ['-in', join(there, 'request'), '-out', join(there, 'cert.pem')]
        return openssl(...signing({}), ...OURS, ...signed, ...AUTHORITY)
      }),
    async revoke(certificate, list) {
      await openssl('ca', '-config', 'config', ...OURS, '-revoke', certificate)
      await openssl('ca', '-config', 'config', ...OURS, '-gencrl', '-out', list)
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  }
}

function signing({ from, to }: CertificateOptions): string[] {
  const dates = ['-startdate', from ?? stamp(-3_600_000), '-enddate', to ?? stamp(86_400_000)]
  return ['ca', '-batch', '-notext', '-config', 'config', ...dates]
}

function stamp(fromNow: number): string {
  return new Date(Date.now() + fromNow).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
}
