import { checkHostName, checkUser } from './names.ts'
import { printable } from './printable.ts'

/** Who and where: `[user@][host][:port]` of a URI. */
export interface Authority {
  readonly user: string | null
  readonly host: string | null
  readonly port: number | null
}

/** Throws VM_INVALID with one sentence about the URI. */
export type Refuse = (problem: string) => never

/**
 * A URI for an error message. Whatever stands before an `@` is shown only if it is a plain user name: it may be a
 * password, also where the URI is malformed.
 */
export function shownUri(text: string): string {
  return printable(
    text.replace(/^([^/?#]*:\/\/)?(.*)@/s, (all, scheme: string = '', user: string) =>
      /^[\w.+-]*$/.test(user) ? all : `${scheme}***@`,
    ),
    200,
  )
}

/** Takes `[user@][host][:port]` apart. */
export function parseAuthority(text: string, refuse: Refuse): Authority {
  const at = text.lastIndexOf('@')
  const user = at < 0 ? null : parseUser(text.slice(0, at), refuse)
  const { host, port } = parseAddress(text.slice(at + 1), refuse)
  if (host === null && (user !== null || port !== null)) return refuse('a user or a port needs a host')
  return { user, host, port }
}

/** `host[:port]`, with an IPv6 address in brackets and its zone behind `%25` (RFC 6874). */
export function parseAddress(text: string, refuse: Refuse): Pick<Authority, 'host' | 'port'> {
  if (text === '') return { host: null, port: null }
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text)
  const [, host = '', port] = bracketed ?? /^([^:]*)(?::([^:]*))?$/s.exec(text) ?? []
  if (bracketed === null && (/[[\]]/.test(text) || text.split(':').length > 2)) {
    return refuse('an IPv6 address stands in brackets, as in [fe80::1] or [fe80::1]:4444')
  }
  return {
    host: host === '' && bracketed === null ? null : parseHost(host, bracketed !== null, refuse),
    port: parsePort(port, refuse),
  }
}

/** The inverse of {@link parseAuthority}. */
export function formatAuthority({ user, host, port }: Authority): string {
  const name = host?.includes(':') ? `[${host.replace('%', '%25')}]` : (host ?? '')
  return `${user === null ? '' : `${user}@`}${name}${port === null ? '' : `:${port}`}`
}

/** Decodes `%` once. Refuses what could be read as something else: control and direction characters. */
export function decodePart(text: string, what: string, refuse: Refuse): string {
  let decoded = ''
  try {
    decoded = decodeURIComponent(text)
  } catch {
    return refuse(`the ${what} has a % that is not followed by two hexadecimal digits of UTF-8`)
  }
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(decoded)) {
    return refuse(`the ${what} has a control or direction character`)
  }
  return decoded
}

function parseUser(text: string, refuse: Refuse): string {
  const user = decodePart(text, 'user', refuse)
  if (user.includes(':')) return refuse('a URI holds no password; ssh finds its keys by itself')
  return asked(() => checkUser(user)) ?? refuse('what stands before the @ is not a user name')
}

function parseHost(text: string, bracketed: boolean, refuse: Refuse): string {
  if (!bracketed) return checkedHost(text, refuse)
  const [, address = '', zone] = /^([^%]*)(?:%25([^%]*))?$/.exec(text) ?? []
  if (!address.includes(':')) {
    return refuse('brackets hold an IPv6 address and its zone behind %25, as in [fe80::1%25eth0]')
  }
  return checkedHost(zone === undefined ? address : `${address}%${zone}`, refuse)
}

function checkedHost(text: string, refuse: Refuse): string {
  return asked(() => checkHostName(text)) ?? refuse(`'${printable(text)}' is not a host name or an address`)
}

function parsePort(text: string | undefined, refuse: Refuse): number | null {
  if (text === undefined) return null
  // Not shown: behind a ':' could be a password.
  if (!/^[1-9][0-9]{0,4}$/.test(text) || Number(text) > 65_535) {
    return refuse('the port is not a decimal number from 1 to 65535')
  }
  return Number(text)
}

function asked(check: () => string): string | null {
  try {
    return check()
  } catch {
    return null
  }
}
