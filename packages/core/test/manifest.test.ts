import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Capabilities,
  defineCapabilities,
  isVmError,
  PHASES,
  type VmError,
} from '../src/driver/index.ts'
import { checkManifest } from '../src/edge/manifest.ts'

const schema: { properties: Record<string, { default: unknown; enum?: string[] }> } = JSON.parse(
  readFileSync(new URL('../capabilities.schema.json', import.meta.url), 'utf8'),
)

interface Judge {
  compile(schema: object): (value: unknown) => boolean
}
const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as {
  Ajv2020: new (options: object) => Judge
}
const fitsSchema = new Ajv2020({ strict: true }).compile(schema)

const DEFAULTS: Capabilities = defineCapabilities({})
const MEMBERS = Object.keys(DEFAULTS)

const word = fc.constantFrom('ssh', 'tcp', 'x-1.2+y', 'qemu', 'xen/4', '', 'a b', 'SSH', 'ssh\n', 'ü', '1x')
const odd = fc.oneof(
  fc.constantFrom('none', 'never', 'abort', 'host', 'direct', 'bytes', 'hand-over', '__proto__', 'true'),
  fc.jsonValue({ maxDepth: 2 }),
  fc.array(word, { maxLength: 3 }),
  fc.dictionary(fc.oneof(word, fc.constant('maxDowntime')), fc.oneof(fc.boolean(), fc.constant(1))),
)
const good = fc.record(
  {
    live: fc.boolean(),
    resource: fc.boolean(),
    domainRename: fc.boolean(),
    uriTransports: fc.uniqueArray(fc.constantFrom('ssh', 'tcp', 'unix', 'x-1.2+y'), { maxLength: 3 }),
    streams: fc.uniqueArray(fc.constantFrom('qemu', 'xen/4', 'A!'), { maxLength: 3 }),
    handover: fc.constantFrom('phased', 'direct'),
    fencing: fc.constantFrom('host', 'session', 'none'),
    abortableUntil: fc.constantFrom(...PHASES, 'never'),
    progress: fc.constantFrom('bytes', 'coarse', 'none'),
    postCopy: fc.boolean(),
    offline: fc.boolean(),
    pausedGuests: fc.boolean(),
    features: fc.dictionary(fc.constantFrom('maxDowntime', 'copyStorage', 'x-y.z_1'), fc.boolean()),
  },
  { requiredKeys: [] },
)
const mutated = fc
  .tuple(good, fc.oneof(fc.constantFrom(...MEMBERS), fc.string(), fc.constant('__proto__')), odd)
  .map(([manifest, member, value]): unknown =>
    JSON.parse(JSON.stringify(withMember(manifest, member, value))),
  )

function withMember(manifest: object, member: string, value: unknown): object {
  return Object.fromEntries([...Object.entries(manifest), [member, value]])
}

describe('checkManifest', () => {
  test('takes what the schema takes and refuses what it refuses', () => {
    const verdicts = { taken: 0, refused: 0 }
    fc.assert(
      fc.property(fc.oneof(good, mutated, odd), (manifest) => {
        const taken = isTaken(manifest)
        verdicts[taken ? 'taken' : 'refused'] += 1
        expect({ manifest, taken }).toEqual({ manifest, taken: fitsSchema(manifest) })
      }),
      { numRuns: 3000 },
    )
    expect(Math.min(verdicts.taken, verdicts.refused)).toBeGreaterThan(300)
  })

  test('knows the members, the words and the defaults of the schema', () => {
    const { properties } = schema
    expect(Object.keys(properties)).toEqual(MEMBERS)
    expect(Object.fromEntries(MEMBERS.map((name) => [name, properties[name]?.default]))).toEqual(DEFAULTS)
    expect(properties['abortableUntil']?.enum).toEqual([...PHASES, 'never'])
  })

  test('fills in what an older driver does not know, and freezes the whole', () => {
    const manifest = checkManifest({ live: true, streams: ['qemu'], resource: undefined })
    expect(manifest).toStrictEqual({ ...DEFAULTS, live: true, streams: ['qemu'] })
    expect([manifest, manifest.streams, manifest.features].every((part) => Object.isFrozen(part))).toBe(true)
  })

  test.each([
    [undefined, ' is undefined, but should be an object'],
    [null, ' is null, but should be an object'],
    [[], ' is a list, but should be an object'],
    [{ live: 'yes' }, ".live is 'yes', but should be true or false"],
    [{ live: null }, '.live is null, but should be true or false'],
    [{ live: () => true }, '.live is a function, but should be true or false'],
    [{ resource: 1n }, '.resource is 1, but should be true or false'],
    [{ handover: 'both' }, ".handover is 'both', but should be one of phased, direct"],
    [{ fencing: {} }, '.fencing is an object, but should be one of host, session, none'],
    [{ abortableUntil: 'abort' }, ".abortableUntil is 'abort', but should be one of check, begin,"],
    [{ uriTransports: 'ssh' }, ".uriTransports is 'ssh', but should be a list"],
    [
      { uriTransports: ['ssh', 'SSH'] },
      ".uriTransports[1] is 'SSH', but should be a scheme in small letters",
    ],
    [{ uriTransports: ['ssh', 'tcp', 'ssh'] }, ".uriTransports[2] is 'ssh', but should be named once"],
    [{ streams: ['a\u{202e}b'] }, ".streams[0] is 'a\\u{202e}b', but should be a word of printable ASCII"],
    [{ features: [] }, '.features is a list, but should be an object'],
    [{ features: { maxDowntime: 1 } }, ".features['maxDowntime'] is 1, but should be true or false"],
    [{ features: { 'a b': true } }, ".features['a b'] is true, but should be named by letters"],
    [{ domainrename: true }, "['domainrename'] is true, but should be absent: it has live, resource,"],
  ])('names the member, what it is and what it should be (%#)', (manifest, words) => {
    expect(refusalOf(manifest)).toMatchObject({
      code: 'VM_INVALID',
      message: expect.stringContaining(`the driver's capabilities${words}`),
      remedy: expect.stringContaining('capabilities.schema.json'),
    })
  })
})

function refusalOf(manifest: unknown): VmError | null {
  try {
    checkManifest(manifest)
    return null
  } catch (error) {
    if (isVmError(error)) return error
    throw error
  }
}

function isTaken(manifest: unknown): boolean {
  return refusalOf(manifest) === null
}
