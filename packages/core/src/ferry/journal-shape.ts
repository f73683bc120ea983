import type { Outcome } from '../migration/outcome.ts'
import type { JournalEntry, JournalStep } from './journal.ts'

/** The way to the first member that is missing, unknown or of another type, as in `request.source`; null: it fits. */
type Shape = (value: unknown, place: string) => string | null

type Members<T> = { readonly [K in keyof T]-?: Shape }

const is =
  (fits: (value: unknown) => boolean): Shape =>
  (value, place) =>
    fits(value) ? null : place

const orNull =
  (shape: Shape): Shape =>
  (value, place) =>
    value === null ? null : shape(value, place)

const object =
  <T>(required: Members<T>, optional: Readonly<Record<string, Shape>> = {}): Shape =>
  (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return place
    const within = place === '' ? '' : `${place}.`
    const shapes = { ...optional, ...required } as Readonly<Record<string, Shape>>
    const missing = Object.keys(required).find((name) => !Object.hasOwn(value, name))
    if (missing !== undefined) return within + missing
    for (const [name, member] of Object.entries(value)) {
      const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined
      const wrong = shape === undefined ? within + name : shape(member, within + name)
      if (wrong !== null) return wrong
    }
    return null
  }

const text = is((value) => typeof value === 'string')
const flag = is((value) => typeof value === 'boolean')
const amount = is((value) => typeof value === 'number' && value >= 0)
const whole = is((value) => Number.isSafeInteger(value) && Number(value) >= 0)
const matching = (pattern: RegExp): Shape => is((value) => typeof value === 'string' && pattern.test(value))
const oneOf = (words: Readonly<Record<string, true>>): Shape =>
  is((value) => typeof value === 'string' && Object.hasOwn(words, value))
const texts = is(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((one) => typeof one === 'string'),
)

const STEPS: Readonly<Record<JournalStep, true>> = {
  begin: true,
  claim: true,
  prepare: true,
  perform: true,
  postcopy: true,
  committing: true,
  finish: true,
  abort: true,
  'roll-back': true,
  settled: true,
}

const OUTCOMES: Readonly<Record<Outcome, true>> = {
  migrated: true,
  rolledBack: true,
  inDoubt: true,
  lost: true,
}

const AUTHORITY = { user: orNull(text), host: orNull(text), port: orNull(whole), path: text }

const endpoint = object({
  uri: object({ text, driver: text, transport: orNull(text), ...AUTHORITY, query: texts }),
  hostId: orNull(text),
})

const request = object<Omit<NonNullable<JournalEntry['request']>, 'abortOnError'>>(
  {
    source: endpoint,
    target: endpoint,
    live: flag,
    bandwidth: amount,
    rename: orNull(text),
    uri: orNull(object({ text, transport: orNull(text), ...AUTHORITY })),
    paused: flag,
    maxDowntime: orNull(amount),
    autoConverge: flag,
    postCopy: flag,
    copyStorage: flag,
    connections: whole,
  },
  // not in a journal of 1.0
  { abortOnError: flag },
)

/** An entry; the id of its migration may stand in a file name. */
const entry = object<Pick<JournalEntry, 'migration' | 'seq' | 'at' | 'step' | 'domain'>>(
  {
    migration: matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/),
    seq: is((value) => Number.isSafeInteger(value) && Number(value) >= 1),
    at: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
    step: oneOf(STEPS),
    domain: text,
  },
  {
    request,
    epochs: object({ source: orNull(whole), target: orNull(whole) }),
    outcome: oneOf(OUTCOMES),
    pending: whole,
  },
)

/** The first member of an entry that is missing, unknown or of another type, as in `request.source`; null: it is one. */
export function flawOfEntry(value: unknown): string | null {
  const flaw = entry(value, '')
  return flaw === '' ? 'entry' : flaw
}
