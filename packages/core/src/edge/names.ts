import { vmError } from '../driver/index.ts'
import { printable, printableCharacter } from './printable.ts'

/**
 * The name of a domain, if it is one that can stand in a command line, a path and a log line alike: a letter or a digit,
 * then letters, digits and `. _ + -`, at most 128 characters.
 *
 * @param name what to check
 * @param what how to call it in the error: `domain`, `new name`
 * @returns `name` itself
 * @throws VM_INVALID, naming the first character that is not allowed and its offset
 */
export function checkName(name: string, what = 'domain'): string {
  return checkWord(name, what, {
    longest: 128,
    first: /[A-Za-z0-9]/,
    rest: /[A-Za-z0-9._+-]/,
    remedy: 'a name is a letter or a digit, then letters, digits and . _ + -, at most 128 characters',
  })
}

/**
 * The login name for a host: a letter, a digit or `_`, then also `. + -`, at most 64 characters.
 *
 * @throws VM_INVALID
 */
export function checkUser(user: string): string {
  return checkWord(user, 'user', {
    longest: 64,
    first: /[A-Za-z0-9_]/,
    rest: /[A-Za-z0-9._+-]/,
    remedy: 'a user is a letter, a digit or _, then letters, digits and . _ + -, at most 64 characters',
  })
}

/**
 * A host by name (RFC 1123: letters, digits and hyphens between dots, at most 253 characters), by IPv4 address (four
 * decimal numbers) or by IPv6 address (RFC 4291, without brackets, with a zone if it has one: `fe80::1%eth0`).
 * A name that ends in a number is taken for an address, because resolvers do so: `010.0.0.1` and `10.1` are refused.
 *
 * @throws VM_INVALID
 */
export function checkHostName(host: string): string {
  checkWord(host, 'host', {
    longest: 253,
    first: /[A-Za-z0-9:]/,
    rest: /[A-Za-z0-9.:%_-]/,
    remedy: 'give a host name or an address, such as alpha, alpha.example.org, 10.0.0.2 or fe80::1%eth0',
  })
  const kind = host.includes(':') ? 'an IPv6 address' : endsInNumber(host) ? 'an IPv4 address' : 'a host name'
  const fits = host.includes(':') ? isIpv6(host) : endsInNumber(host) ? isIpv4(host) : isName(host)
  if (!fits) throw vmError('VM_INVALID', `the host '${printable(host)}' is not ${kind}`)
  return host
}

interface Alphabet {
  readonly longest: number
  readonly first: RegExp
  readonly rest: RegExp
  readonly remedy: string
}

function checkWord(word: string, what: string, { longest, first, rest, remedy }: Alphabet): string {
  const refuse = (problem: string): never => {
    throw vmError('VM_INVALID', `the ${problem}`, { remedy })
  }
  // A caller in plain JavaScript may hand over anything.
  if (typeof word !== 'string') return refuse(`${what} is not a string but ${typeof word}`)
  if (word === '') return refuse(`${what} is empty`)
  const shown = `${what} '${printable(word)}'`
  if (word.length > longest) return refuse(`${shown} has ${word.length} characters, ${longest} are allowed`)
  const characters = Array.from(word)
  const offset = characters.findIndex((character, at) => !(at === 0 ? first : rest).test(character))
  const odd = characters[offset]
  if (odd === undefined) return word
  return refuse(`${shown} has ${printableCharacter(odd)} at offset ${offset}, which is not allowed there`)
}

function isName(host: string): boolean {
  return host.split('.').every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label))
}

function endsInNumber(host: string): boolean {
  return /(^|\.)([0-9]+|0[xX][0-9A-Fa-f]*)$/.test(host)
}

function isIpv4(host: string): boolean {
  const numbers = host.split('.')
  return (
    numbers.length === 4 && numbers.every((number) => /^(0|[1-9][0-9]{0,2})$/.test(number) && +number < 256)
  )
}

function isIpv6(host: string): boolean {
  const [address = '', zone = 'none', ...more] = host.split('%')
  if (more.length > 0 || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/.test(zone)) return false
  const halves = address.split('::')
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const embedded = last.includes('.') && !address.endsWith('::')
  const whole = embedded ? [...groups.slice(0, -1), '0', '0'] : groups
  if (embedded && !isIpv4(last)) return false
  if (!whole.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false
  return halves.length === 1 ? whole.length === 8 : halves.length === 2 && whole.length <= 7
}
