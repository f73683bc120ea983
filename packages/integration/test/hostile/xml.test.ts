import { isVmError } from '@vmferry/core'
import { capabilitiesFromXml } from '@vmferry/core/capabilities-xml'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const MEBIBYTE = 2 ** 20
const FEATURES = (inside: string): string =>
  `<capabilities><host><migration_features>${inside}</migration_features></host></capabilities>`
const TRANSPORT = (inside: string): string =>
  FEATURES(`<uri_transports><uri_transport>${inside}</uri_transport></uri_transports>`)

/** What a document did: the features, or the code of the error. Anything else is thrown. */
function answer(xml: string): unknown {
  try {
    return capabilitiesFromXml(xml)
  } catch (error) {
    if (!isVmError(error)) throw error
    expect(error.message).toMatch(/^[ -~…]{1,400}$/)
    return error.code
  }
}

const PIECES: readonly string[] =
  `< > / </ /> <! <? ?> <!-- --> <![CDATA[ ]]> & ; &#x41; " ' = <!DOCTYPE <!ENTITY <live/> <host> </host> <uri_transport> __proto__ a`
    .split(' ')
    .concat(' ', '\n', '\0')

const fill = (unit: string, bytes: number): string => unit.repeat(Math.floor(bytes / unit.length))

describe('documents that are built to hurt', () => {
  const bomb = Array.from({ length: 9 }, (_, at) => `<!ENTITY e${at + 1} "${`&e${at};`.repeat(10)}">`).join(
    '',
  )
  test.each<[string, string, unknown]>([
    ['a billion laughs', `<!DOCTYPE c [<!ENTITY e0 "ha">${bomb}]>${TRANSPORT('&e9;')}`, 'VM_PROTOCOL'],
    [
      'an entity from a file',
      `<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]>${TRANSPORT('&x;')}`,
      'VM_PROTOCOL',
    ],
    [
      'an entity from the network',
      `<!DOCTYPE c SYSTEM "http://192.0.2.1/x.dtd">${TRANSPORT('x')}`,
      'VM_PROTOCOL',
    ],
    ['a parameter entity', `<!DOCTYPE c [<!ENTITY % x "y">%x;]>${TRANSPORT('x')}`, 'VM_PROTOCOL'],
    ['a doctype in the middle', TRANSPORT('<!DOCTYPE c>'), 'VM_PROTOCOL'],
    ['a doctype in a comment', `<!-- <!DOCTYPE c> -->${TRANSPORT('x')}`, 'VM_PROTOCOL'],
    ['elements 100,000 deep', fill('<a>', 300_000) + fill('</a>', 400_000), 'VM_PROTOCOL'],
    ['elements 100,000 deep, never closed', `<capabilities>${fill('<a>', 300_000)}`, 'VM_PROTOCOL'],
    ['a million numbered characters', TRANSPORT(fill('&#65;', 5_000_000)), 'VM_INVALID'],
    ['one byte more than is read', TRANSPORT('').padEnd(MEBIBYTE + 1), 'VM_INVALID'],
    ['an attribute of half a megabyte', `<capabilities a="${fill('x', MEBIBYTE / 2)}"/>`, { live: false }],
    ['attributes without end', `<capabilities ${fill('a="" ', MEBIBYTE / 2)}`, 'VM_PROTOCOL'],
    ['an opening bracket, half a million times', fill('<', MEBIBYTE / 2), 'VM_PROTOCOL'],
    ['comments that are not closed', `<capabilities>${fill('<!--', MEBIBYTE / 2)}`, 'VM_PROTOCOL'],
    ['__proto__ as an element', FEATURES('<__proto__><live/></__proto__>'), 'VM_PROTOCOL'],
    ['__proto__ as an attribute', '<capabilities __proto__="x" constructor="y"/>', { live: false }],
    [
      'constructor.prototype',
      FEATURES('<constructor><prototype><live/></prototype></constructor>'),
      'VM_PROTOCOL',
    ],
    ['a terminal’s escape', TRANSPORT('\u001b[2J'), 'VM_PROTOCOL'],
    ['a terminal’s escape, numbered', TRANSPORT('&#27;[2J'), 'VM_PROTOCOL'],
  ])('%s', { timeout: 5000 }, (_, xml, expected) => {
    const found = answer(xml)
    expect(typeof expected === 'string' ? found : { live: (found as { live: boolean }).live }).toEqual(
      expected,
    )
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as Record<string, unknown>)['live']).toBeUndefined()
  })

  test('200,000 numbered characters are decoded without a flood of memory', () => {
    const before = process.memoryUsage().rss
    expect(answer(TRANSPORT(fill('&#65;', 1_000_000)))).toMatchObject({
      uriTransports: ['A'.repeat(200_000)],
    })
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * MEBIBYTE)
  })
})

test('3,000 documents put together from pieces of XML give features or a typed error', () => {
  const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 3 }))
  const inside = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))
  const document = fc.oneof(inside, inside.map(FEATURES), inside.map(TRANSPORT))
  fc.assert(
    fc.property(document, (xml) => {
      const found = answer(xml)
      if (typeof found === 'string') expect(['VM_PROTOCOL', 'VM_INVALID']).toContain(found)
      else expect(Object.keys(found as object)).toEqual(['live', 'resource', 'domainRename', 'uriTransports'])
    }),
    { numRuns: 3000 },
  )
  expect(Object.keys(Object.prototype)).toEqual([])
})
