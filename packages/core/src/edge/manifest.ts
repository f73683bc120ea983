import { type Capabilities, defineCapabilities, PHASES, vmError } from '../driver/index.ts'
import { printable } from './printable.ts'

/**
 * Checks a driver's manifest against the contract, as `capabilities.schema.json` has it, and fills in the defaults of
 * the members that an older driver does not know.
 *
 * @param capabilities whatever the driver calls its manifest
 * @returns the complete manifest, frozen
 * @throws VM_INVALID, naming the first member that is wrong, what it is and what it should be
 */
export function checkManifest(capabilities: unknown): Capabilities {
  const flaw = object(capabilities, '')
  if (flaw) {
    const { member, is, should } = flaw
    throw vmError('VM_INVALID', `the driver's capabilities${member} is ${is}, but should be ${should}`, {
      remedy: 'see @vmferry/core/capabilities.schema.json',
    })
  }
  const given = Object.entries(capabilities as object).filter(([, value]) => value !== undefined)
  return defineCapabilities(Object.fromEntries(given))
}

/** What is wrong with a value. `member`: the way to it, as it is written in JavaScript. */
interface Flaw {
  readonly member: string
  readonly is: string
  readonly should: string
}

type Rule = (value: unknown, member: string) => Flaw | undefined

const flag: Rule = (value, member) => flawUnless(typeof value === 'boolean', value, member, 'true or false')

const oneOf =
  (...words: readonly string[]): Rule =>
  (value, member) =>
    flawUnless(words.includes(value as string), value, member, `one of ${words.join(', ')}`)

const listOf =
  (pattern: RegExp, should: string): Rule =>
  (value, member) => {
    if (!Array.isArray(value)) return flawUnless(false, value, member, 'a list')
    return first([...value.entries()], ([at, item]: [number, unknown]) => {
      const place = `${member}[${at}]`
      const fits = typeof item === 'string' && pattern.test(item)
      return (
        flawUnless(fits, item, place, should) ??
        flawUnless(value.indexOf(item) === at, item, place, 'named once')
      )
    })
  }

const features: Rule = (value, member) => {
  if (!isObject(value)) return flawUnless(false, value, member, 'an object')
  return first(entries(value), ([name, has]) => {
    const place = `${member}[${shown(name)}]`
    const named = /^[A-Za-z][A-Za-z0-9._-]*$/.test(name)
    return flawUnless(named, has, place, 'named by letters, digits and . _ -') ?? flag(has, place)
  })
}

const RULES: Readonly<Record<keyof Capabilities, Rule>> = {
  live: flag,
  resource: flag,
  domainRename: flag,
  uriTransports: listOf(/^[a-z][a-z0-9+.-]*$/, 'a scheme in small letters, such as ssh'),
  streams: listOf(/^[!-~]+$/, 'a word of printable ASCII'),
  handover: oneOf('phased', 'direct'),
  fencing: oneOf('host', 'session', 'none'),
  abortableUntil: oneOf(...PHASES, 'never'),
  progress: oneOf('bytes', 'coarse', 'none'),
  postCopy: flag,
  offline: flag,
  pausedGuests: flag,
  features,
}

function object(value: unknown, member: string): Flaw | undefined {
  if (!isObject(value)) return flawUnless(false, value, member, 'an object')
  return first(entries(value), ([name, content]) => {
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof Capabilities] : undefined
    if (rule) return rule(content, `${member}.${name}`)
    const should = `absent: it has ${Object.keys(RULES).join(', ')}; extras belong in features`
    return flawUnless(false, content, `${member}[${shown(name)}]`, should)
  })
}

/** A member that is undefined is absent, as in JSON. */
function entries(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, content]) => content !== undefined)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function first<T>(items: readonly T[], judge: (item: T) => Flaw | undefined): Flaw | undefined {
  for (const item of items) {
    const flaw = judge(item)
    if (flaw) return flaw
  }
  return undefined
}

function flawUnless(holds: boolean, value: unknown, member: string, should: string): Flaw | undefined {
  return holds ? undefined : { member, is: shown(value), should }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${printable(value)}'`
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : printable(String(value))
}
