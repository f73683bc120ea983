import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { capabilitiesToXml } from '../src/capabilities-xml.ts'
import { defineCapabilities } from '../src/driver/index.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const RNG = path('../capabilities.rng')
const missing = spawnSync('xmllint', ['--version']).error !== undefined

/** Whether xmllint takes a document; a fault of the schema itself or of the call throws. */
function validates(xml: string, file = '-'): boolean {
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--relaxng', RNG, file], { input: xml })
  if (status === 0 || status === 3) return status === 0
  throw new Error(`xmllint ended with ${status}: ${stderr.toString()}`)
}

const features = (inside: string): string =>
  `<capabilities><host><migration_features>${inside}</migration_features></host></capabilities>`

describe.skipIf(missing)(`capabilities.rng${missing ? ' (xmllint is not installed)' : ''}`, () => {
  test('takes what libvirt prints', () => {
    expect(validates('', path('fixtures/libvirt-capabilities.xml'))).toBe(true)
  })

  test('takes what every manifest prints', () => {
    for (let bits = 0; bits < 16; bits += 1) {
      const manifest = defineCapabilities({
        live: (bits & 1) > 0,
        resource: (bits & 2) > 0,
        domainRename: (bits & 4) > 0,
        uriTransports: bits & 8 ? ['unix', 'ssh', 'tcp'] : [],
      })
      expect({ bits, valid: validates(capabilitiesToXml(manifest)) }).toEqual({ bits, valid: true })
    }
  })

  test.each([
    '<capabilities/>',
    '<capabilities><host/></capabilities>',
    '<capabilities><guest a="1"><live>x</live></guest><host><cpu/></host><secmodel/></capabilities>',
    features(''),
    features('<uri_transports/>'),
    features('<uri_transports><uri_transport>\n ssh\t</uri_transport></uri_transports><live/>'),
  ])('takes %s', (xml) => {
    expect(validates(xml)).toBe(true)
  })

  test.each([
    '<domain/>',
    '<capabilities><host/><host/></capabilities>',
    '<capabilities><host><migration_features/><migration_features/></host></capabilities>',
    features('<live/><live/>'),
    features('<live>yes</live>'),
    features('<live a="1"/>'),
    features('<postcopy/>'),
    features('<uri_transport>ssh</uri_transport>'),
    features('<uri_transports><uri_transport/></uri_transports>'),
    features('<uri_transports><uri_transport>a b</uri_transport></uri_transports>'),
    features('<uri_transports><live/></uri_transports>'),
  ])('refuses %s', (xml) => {
    expect(validates(xml)).toBe(false)
  })
})
