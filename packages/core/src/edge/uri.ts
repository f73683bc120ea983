import { type ConnectionUri, type MigrationUri, vmError } from '../driver/index.ts'
import { printableCharacter } from './printable.ts'
import {
  decodePart,
  formatAuthority,
  parseAddress,
  parseAuthority,
  type Refuse,
  shownUri,
} from './uri-authority.ts'

const LONGEST = 2048

/** Words with which QEMU's own URIs begin; `fd:12` is not port 12 of the host fd. */
const NOT_HOSTS = /^(exec|fd|file|rdma|relay|ssh|tcp|tls|unix|vsock)$/

/**
 * Takes a connection URI apart: `driver[+transport]://[user@][host][:port][/path][?key=value[&key=value]]`, as in
 * `qemu:///system` or `qemu+ssh://root@alpha:2222/system?run=/run/mine`. Nothing is normalised, `%` is decoded once.
 *
 * A host and a transport go together: without them it is this machine.
 *
 * @throws VM_INVALID, one sentence with an example; also for a password (never printed), a fragment, a key that comes
 * twice, `.` and `..` in the path, and more than 2048 characters
 */
export function parseConnectionUri(text: string): ConnectionUri {
  const refuse = refusal(text, 'a connection URI is driver[+transport]://[user@][host][:port][/path][?query]')
  const { scheme, rest } = splitScheme(text, refuse)
  if (scheme === undefined) return refuse('it has no driver and no ://, as in qemu:///system')
  const [driver = '', transport = null, ...others] = scheme.split('+')
  if (others.length > 0 || !isScheme(driver) || (transport !== null && !isScheme(transport))) {
    return refuse(
      'it begins with driver:// or driver+transport:// in small letters, as in qemu+ssh://alpha/system',
    )
  }
  const [, authority = '', path = '', query] = /^([^/?]*)([^?]*)(?:\?(.*))?$/.exec(rest) ?? []
  const parts = {
    driver,
    transport,
    ...parseAuthority(authority, refuse),
    path: parsePath(path, refuse),
    query: query === undefined ? {} : parseQuery(query, refuse),
  }
  if (transport === null && parts.host !== null) {
    const remote = { ...parts, transport: 'ssh' }
    throw vmError('VM_INVALID', `${shownUri(text)}: say how to reach it: ${formatParts(remote)}`, {
      remedy: `or, for this machine, write three slashes: ${driver}:///system`,
    })
  }
  if (transport !== null && parts.host === null) {
    return refuse(`${transport} needs a host to reach, as in ${driver}+${transport}://alpha/system`)
  }
  return { text, ...parts }
}

/**
 * Writes a connection URI; `parseConnectionUri` of the result gives the same parts again.
 *
 * @throws VM_INVALID for parts that no URI can hold
 */
export function formatConnectionUri(parts: Omit<ConnectionUri, 'text'>): string {
  const text = formatParts(parts)
  if (identity(parseConnectionUri(text)) !== identity(parts)) {
    throw vmError('VM_INVALID', `${shownUri(text)}: these parts make another URI than they should`, {
      remedy: 'a path starts with a slash; driver, transport, user, host and port are checked one by one',
    })
  }
  return text
}

/**
 * Takes a migration URI apart: a host as the source sees it (`beta`, `beta:4444`, `[fe80::1]`), or
 * `transport://[user@]host[:port][/path]`, or `transport:///path` where no host is needed (`unix:///run/beta.sock`).
 *
 * @throws VM_INVALID, one sentence with an example; also for a query, a fragment and a password (never printed)
 */
export function parseMigrationUri(text: string): MigrationUri {
  const refuse = refusal(
    text,
    'a migration URI is a host, host:port or transport://[user@]host[:port][/path]',
  )
  const { scheme, rest } = splitScheme(text, refuse)
  if (rest.includes('?')) return refuse('a migration URI has no query, as in ssh://root@beta/')
  if (scheme === undefined)
    return { text, transport: null, user: null, ...parseBareHost(text, refuse), path: '' }
  // Any scheme of RFC 3986: which ones there are is the drivers' word, and the refusal names theirs.
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) {
    return refuse('it begins with a transport in small letters or is a host, as in ssh://root@beta/ or beta')
  }
  const [, authority = '', path = ''] = /^([^/]*)(.*)$/.exec(rest) ?? []
  const parts = { ...parseAuthority(authority, refuse), path: parsePath(path, refuse) }
  if (parts.host === null && path === '') {
    return refuse(`it has neither a host nor a path, as in ${scheme}://beta or ${scheme}:///run/beta.sock`)
  }
  return { text, transport: scheme, ...parts }
}

function parseBareHost(
  text: string,
  refuse: Refuse,
): { readonly host: string; readonly port: number | null } {
  if (/[/@]/.test(text)) return refuse('a user or a path needs a transport before it, as in ssh://root@beta/')
  const { host, port } = parseAddress(text, refuse)
  if (host === null) return refuse('it has no host, as in beta or beta:4444')
  if (port !== null && NOT_HOSTS.test(host)) {
    return refuse(`that could be a transport; for a host of that name write tcp://${host}:${port}`)
  }
  return { host, port }
}

/** The first half of what {@link parseConnectionUri} and {@link parseMigrationUri} check alike. */
function splitScheme(
  text: string,
  refuse: Refuse,
): { readonly scheme: string | undefined; readonly rest: string } {
  // A caller in plain JavaScript may hand over anything.
  if (typeof text !== 'string') return refuse('it is not a string')
  if (text.length > LONGEST) return refuse(`it has ${text.length} characters, ${LONGEST} are allowed`)
  const odd = /[^!-~]/u.exec(text)
  if (odd)
    return refuse(
      `it has ${printableCharacter(odd[0])} at offset ${odd.index}, where only ASCII may stand, as in %C3%BC`,
    )
  if (text.includes('#')) return refuse('it takes no fragment; a # in a path is written %23')
  const [, scheme, rest = text] = /^([^/?]*?):\/\/(.*)$/.exec(text) ?? []
  // A password that holds a slash would end up in the path.
  if (/[/?].*@/.test(rest)) return refuse('an @ behind the host is written %40; a password is never written')
  return { scheme, rest }
}

function isScheme(text: string): boolean {
  return /^[a-z][a-z0-9]*$/.test(text)
}

function parsePath(text: string, refuse: Refuse): string {
  if (/%2f/i.test(text)) return refuse('a slash in the path is written as such, not as %2F')
  const path = decodePart(text, 'path', refuse)
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    return refuse('the path has . or .. in it; write it in full, as in /run/mine')
  }
  return path
}

function parseQuery(text: string, refuse: Refuse): Readonly<Record<string, string>> {
  const query = new Map<string, string>()
  for (const parameter of text.split('&')) {
    const [, key = '', value] = /^([A-Za-z][A-Za-z0-9._-]*)=(.*)$/.exec(parameter) ?? []
    if (value === undefined)
      return refuse('the query is key=value, joined by &, as in ?run=/run/mine&user=me')
    if (query.has(key)) return refuse(`the parameter ${key} comes twice`)
    query.set(key, decodePart(value, `parameter ${key}`, refuse))
  }
  return Object.fromEntries(query)
}

function formatParts(parts: Omit<ConnectionUri, 'text'>): string {
  const { driver, transport, path, query } = parts
  const scheme = transport === null ? driver : `${driver}+${transport}`
  const parameters = Object.entries(query).map(([key, value]) => `${key}=${encode(value)}`)
  const tail = parameters.length > 0 ? `?${parameters.join('&')}` : ''
  return `${scheme}://${formatAuthority(parts)}${encode(path)}${tail}`
}

function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\u{fffd}')).replace(
    /%(?:2F|2C|3A)/g,
    decodeURIComponent,
  )
}

function identity({ driver, transport, user, host, port, path, query }: Omit<ConnectionUri, 'text'>): string {
  return JSON.stringify([driver, transport, user, host, port, path, Object.entries(query)])
}

function refusal(text: string, remedy: string): Refuse {
  return (problem) => {
    throw vmError('VM_INVALID', `${typeof text === 'string' ? shownUri(text) : 'the URI'}: ${problem}`, {
      remedy,
    })
  }
}
