import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { capabilitiesFromXml, capabilitiesToXml, migrationFeatures } from '../src/capabilities-xml.ts'
import { defineCapabilities, isVmError, type VmError } from '../src/driver/index.ts'

const NOTHING = { live: false, resource: false, domainRename: false, uriTransports: [] }
const ALL = defineCapabilities({
  live: true,
  resource: true,
  domainRename: true,
  uriTransports: ['ssh', 'tcp'],
})
const xmllint = spawnSync('xmllint', ['--version']).error === undefined

const transport = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.constantFrom('&amp;', '<x/>', ']]>', '&#65;', '"\'', '__proto__'),
  )
  .filter((name) => /^[^\s\p{C}]+$/u.test(name))
const abilities = fc.record({
  live: fc.boolean(),
  resource: fc.boolean(),
  domainRename: fc.boolean(),
  uriTransports: fc.array(transport, { maxLength: 5 }),
})

const document = (features: string): string =>
  `<capabilities><host><migration_features>${features}</migration_features></host></capabilities>`

describe('capabilitiesToXml', () => {
  test('prints the four elements of the proposal', () => {
    expect(capabilitiesToXml(ALL)).toBe(`<capabilities>
  <host>
    <migration_features>
      <live/>
      <resource/>
      <domain_rename/>
      <uri_transports>
        <uri_transport>ssh</uri_transport>
        <uri_transport>tcp</uri_transport>
      </uri_transports>
    </migration_features>
  </host>
</capabilities>
`)
  })

  test('leaves out what a driver cannot do, and the whole element if that is everything', () => {
    expect(capabilitiesToXml({ ...NOTHING, resource: true })).toContain(
      '<migration_features>\n      <resource/>\n    </m',
    )
    expect(capabilitiesToXml({ ...NOTHING, uriTransports: ['ssh'] })).not.toMatch(
      /<(live|resource|domain_rename)/,
    )
    expect(capabilitiesToXml(defineCapabilities({ postCopy: true }))).toBe(`<capabilities>
  <host/>
</capabilities>
`)
  })

  test('prints what reads back to the same object', () => {
    fc.assert(
      fc.property(abilities, (parts) => {
        const capabilities = defineCapabilities(parts)
        expect(capabilitiesFromXml(capabilitiesToXml(capabilities))).toStrictEqual(
          migrationFeatures(capabilities),
        )
      }),
      { numRuns: 1000 },
    )
  })

  test.skipIf(!xmllint)('prints what xmllint finds well-formed', () => {
    const odd = { ...ALL, uriTransports: ['&amp;', '<x/>', ']]>', '"\'', 'ü\u{1F600}'] }
    for (const capabilities of [ALL, NOTHING, odd, ...fc.sample(abilities, 20)]) {
      const { status, stderr } = spawnSync('xmllint', ['--noout', '-'], {
        input: capabilitiesToXml(capabilities),
      })
      expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' })
    }
  })

  test.each(['', ' ', 'a b', 'a\n', '\0', 'a\u202E', '\uD83D'])('refuses a transport named %j', (name) => {
    expect(() => capabilitiesToXml({ ...ALL, uriTransports: ['ssh', name] })).toThrow(
      expect.objectContaining({ code: 'VM_INVALID', message: expect.stringMatching(/^[ -~]+$/) }),
    )
  })
})

describe('capabilitiesFromXml', () => {
  const recording = readFileSync(new URL('fixtures/libvirt-capabilities.xml', import.meta.url), 'utf8')

  test('reads what libvirt prints', () => {
    expect(capabilitiesFromXml(recording)).toStrictEqual({
      ...NOTHING,
      live: true,
      uriTransports: ['tcp', 'rdma'],
    })
  })

  test('reads the capabilities of a driver that cannot migrate', () => {
    for (const xml of [
      '<capabilities/>',
      '<capabilities></capabilities>\n',
      '\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<!-- none -->\n<capabilities><host/></capabilities>',
      document(''),
      document('<uri_transports/>'),
      '<capabilities><live/><host><live/></host><guest><migration_features><live/></migration_features></guest></capabilities>',
    ]) {
      expect(capabilitiesFromXml(xml)).toStrictEqual(NOTHING)
    }
  })

  test('takes an element for present however it is written, and ignores what it does not know', () => {
    const xml = document(
      '<live a="1">no</live>\n<!-- x --><resource></resource><future><domain_rename/></future>&amp;',
    )
    expect(capabilitiesFromXml(xml)).toStrictEqual({ ...NOTHING, live: true, resource: true })
  })

  test.each([
    ['<uri_transport>ssh</uri_transport>', ['ssh']],
    ['<uri_transport>\n  ssh\t</uri_transport><uri_transport/><x/>', ['ssh']],
    ['<uri_transport>tcp</uri_transport>\n<uri_transport>rdma</uri_transport>', ['tcp', 'rdma']],
    ['<uri_transport>a<!-- -->b<x>y</x>c</uri_transport>', ['abc']],
    ['<uri_transport>&lt;&gt;&quot;&apos;&amp;</uri_transport>', ['<>"\'&']],
    ['<uri_transport>&#65;&#x42;&#x1F600;</uri_transport>', ['AB\u{1F600}']],
    ['<uri_transport>&amp;lt;&amp;#65;&amp;amp;</uri_transport>', ['&lt;&#65;&amp;']],
    ['<uri_transport><![CDATA[<&amp;]]>&amp;</uri_transport>', ['<&amp;&']],
    [
      '<uri_transport>007</uri_transport><uri_transport>1e3</uri_transport><uri_transport>true</uri_transport>',
      ['007', '1e3', 'true'],
    ],
  ])('decodes the transports of %s once', (list, names) => {
    expect(capabilitiesFromXml(document(`<uri_transports>${list}</uri_transports>`)).uriTransports).toEqual(
      names,
    )
  })

  test.each([
    ['<!DOCTYPE capabilities>\n<capabilities/>', 'has a declaration <!DOCTYPE at line 1'],
    [
      '<?xml version="1.0"?>\n<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><capabilities>&x;</capabilities>',
      'has a declaration <!DOCTYPE at line 2',
    ],
    [
      '<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><capabilities>&b;</capabilities>',
      'has a declaration',
    ],
    ['<!doctype html><capabilities/>', 'has a declaration <!doctype'],
    ['<capabilities><!ENTITY x "y"></capabilities>', 'has a declaration <!ENTITY'],
    ['<!-- <!DOCTYPE c> --><capabilities/>', 'has a declaration'],
    ['', 'is not well-formed XML at line 1'],
    ['error: failed to connect', 'is not well-formed XML at line 1'],
    ['{"capabilities":{}}', 'is not well-formed XML'],
    ['<capabilities>\n<host>\n</capabilities>', 'is not well-formed XML at line 3'],
    ['<capabilities>', 'is not well-formed XML at line 1'],
    ['<capabilities', 'is not well-formed XML'],
    ['<capabilities>a & b</capabilities>', 'is not well-formed XML'],
    ['<capabilities a=1/>', 'is not well-formed XML'],
    ['<capabilities></capabilities><capabilities/>', 'has not just one root'],
    ['<capabilities></capabilities>more', 'is not well-formed XML'],
    ['<capabilities/><capabilities/>', 'has not just one root'],
    ['<capabilities/>more', 'has not just one root'],
    ['<capabilities><![CDATA[</capabilities>', ''],
    ['<capabilities><!-- </capabilities>', ''],
    ['<capabilities>\n\0</capabilities>', 'has a character that XML forbids at line 2'],
    ['<capabilities>\uD83D</capabilities>', 'has a character that XML forbids'],
    ['<domain/>', 'has the root <domain>, not <capabilities>'],
    ['<Capabilities/>', 'has the root <Capabilities>'],
    ['<x:capabilities/>', 'has the root <x:capabilities>'],
    ['<capabilities><__proto__/></capabilities>', 'cannot be read'],
    ['<capabilities><constructor><prototype/></constructor></capabilities>', 'cannot be read'],
    [`<capabilities>${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}</capabilities>`, 'cannot be read'],
    [document('<uri_transports><uri_transport>&nope;</uri_transport></uri_transports>'), 'has &nope;'],
    [
      document('<uri_transports><uri_transport>&toString;</uri_transport></uri_transports>'),
      'has &toString;',
    ],
    [document('<uri_transports><uri_transport>&#0;</uri_transport></uri_transports>'), 'has &#0;'],
    [document('<uri_transports><uri_transport>&#xD83D;</uri_transport></uri_transports>'), 'has &#xD83D;'],
    [
      document('<uri_transports><uri_transport>&#9999999;</uri_transport></uri_transports>'),
      'has &#9999999;',
    ],
  ])('refuses %j', (xml, sentence) => {
    const error = refused(xml)
    expect(error.code).toBe('VM_PROTOCOL')
    expect(error.message).toContain(`the capabilities document ${sentence}`.trim())
    expect(error.message).toMatch(/^[ -~…]{1,200}$/)
  })

  test('keeps the words of the XML parser', () => {
    expect(refused('<capabilities><host></capabilities>').causes).toEqual([
      { host: 'controller', words: expect.stringContaining("Expected closing tag 'host'") },
    ])
  })

  test('measures its limit of 1 MiB in bytes', () => {
    const padded = (character: string, bytes: number): string => {
      const left = bytes - '<capabilities></capabilities>'.length
      return `<capabilities>${character.repeat(left / Buffer.byteLength(character))}</capabilities>`
    }
    expect(capabilitiesFromXml(padded('a', 2 ** 20))).toStrictEqual(NOTHING)
    expect(refused(padded('a', 2 ** 20 + 1))).toMatchObject({ code: 'VM_INVALID' })
    expect(refused(padded('ü', 2 ** 20 + 1))).toMatchObject({ code: 'VM_INVALID' })
    expect(refused(undefined as unknown as string)).toMatchObject({ code: 'VM_INVALID' })
  })

  test('answers any damage to a recording with features or a typed error', () => {
    fc.assert(
      fc.property(
        fc.nat(recording.length),
        fc.nat(40),
        fc.string({ unit: 'binary', maxLength: 4 }),
        (at, cut, junk) => {
          const xml = recording.slice(0, at) + junk + recording.slice(at + cut)
          try {
            expect(Object.keys(capabilitiesFromXml(xml))).toEqual(Object.keys(NOTHING))
          } catch (error) {
            if (!isVmError(error, 'VM_PROTOCOL')) throw error
          }
        },
      ),
      { numRuns: 200 },
    )
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

function refused(xml: string): VmError {
  try {
    capabilitiesFromXml(xml)
  } catch (error) {
    if (isVmError(error)) return error
    throw error
  }
  throw new Error('was accepted')
}
