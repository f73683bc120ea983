import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser'
import { type Capabilities, type VmError, vmError } from './driver/index.ts'
import { printable } from './edge/printable.ts'

/** The part of a manifest that the capabilities document of 2007 tells. */
export type MigrationFeatures = Pick<Capabilities, 'live' | 'resource' | 'domainRename' | 'uriTransports'>

/** What {@link capabilitiesToXml} prints of a manifest, and {@link capabilitiesFromXml} reads back. */
export function migrationFeatures(capabilities: MigrationFeatures): MigrationFeatures {
  const { live, resource, domainRename, uriTransports } = capabilities
  return { live, resource, domainRename, uriTransports: [...uriTransports] }
}

/**
 * The capabilities document in the form of the 2007 proposal: `<live/>`, `<resource/>`, `<domain_rename/>` and
 * `<uri_transports>` under `capabilities/host/migration_features`. An element is there if and only if the driver can do
 * it; a driver that can do nothing has no `migration_features`. Indented by two spaces, ends with a line break.
 *
 * @throws VM_INVALID for a transport whose name is empty or has white space or control characters
 */
export function capabilitiesToXml(capabilities: MigrationFeatures): string {
  const { live, resource, domainRename, uriTransports } = capabilities
  const features = {
    ...(live && { live: '' }),
    ...(resource && { resource: '' }),
    ...(domainRename && { domain_rename: '' }),
    ...(uriTransports.length > 0 && {
      uri_transports: { uri_transport: uriTransports.map((name) => checkTransport(name)) },
    }),
  }
  const host = Object.keys(features).length > 0 ? { migration_features: features } : ''
  const builder = new XMLBuilder({ format: true, indentBy: '  ', suppressEmptyNode: true })
  return builder.build({ capabilities: { host } })
}

/**
 * Reads a capabilities document, ours or libvirt's own, and ignores what it does not know.
 *
 * @throws VM_INVALID for what is not a string or is longer than 1 MiB in UTF-8; VM_PROTOCOL, with the line where it is
 * known, for what is not well-formed XML, has a `<!DOCTYPE` or another declaration anywhere, or has another root
 */
export function capabilitiesFromXml(xml: string): MigrationFeatures {
  const hosts = elements(readRoot(xml), 'host')
  const features = hosts.flatMap((host) => elements(host, 'migration_features')).flat()
  const has = (name: string): boolean => elements(features, name).length > 0
  const transports = elements(features, 'uri_transports').flatMap((list) => elements(list, 'uri_transport'))
  return {
    live: has('live'),
    resource: has('resource'),
    domainRename: has('domain_rename'),
    uriTransports: transports.map((name) => text(name).trim()).filter((name) => name !== ''),
  }
}

/** What stands in an element, in order: each node has one member, its name or `#text` or `#cdata`. */
type Content = readonly Readonly<Record<string, unknown>>[]

const LONGEST = 2 ** 20

/** Outside the characters of XML 1.0. */
const ILLEGAL = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u

function readRoot(xml: string): Content {
  if (typeof xml !== 'string' || xml.length > LONGEST || new TextEncoder().encode(xml).length > LONGEST) {
    throw vmError('VM_INVALID', 'the capabilities document is not a string of at most 1 MiB')
  }
  // Also in comments: where no declaration can be written, no entity can be declared.
  const declaration = /<!(?!--|\[CDATA\[)\w{0,20}/.exec(xml)
  if (declaration) throw refused(`has a declaration ${declaration[0]}`, lineAt(xml, declaration.index))
  const illegal = ILLEGAL.exec(xml)
  if (illegal) throw refused('has a character that XML forbids', lineAt(xml, illegal.index))
  const verdict = XMLValidator.validate(xml)
  if (verdict !== true) throw refused('is not well-formed XML', verdict.err.line, verdict.err.msg)

  const [root, ...others] = parse(xml).filter((node) => !('#text' in node))
  // The validator does not see what follows a root such as <capabilities/>.
  if (!root || others.length > 0 || !xml.trimEnd().endsWith('>')) throw refused('has not just one root')
  const [name = ''] = Object.keys(root)
  if (name !== 'capabilities') throw refused(`has the root <${printable(name)}>, not <capabilities>`)
  return root['capabilities'] as Content
}

function parse(xml: string): Content {
  const parser = new XMLParser({
    preserveOrder: true,
    cdataPropName: '#cdata',
    ignoreDeclaration: true,
    ignorePiTags: true,
    parseTagValue: false,
    processEntities: false,
    trimValues: false,
  })
  try {
    return parser.parse(xml) as Content
  } catch (error) {
    throw refused('cannot be read', undefined, error instanceof Error ? error.message : String(error))
  }
}

function elements(content: Content, name: string): Content[] {
  return content.filter((node) => Object.hasOwn(node, name)).map((node) => node[name] as Content)
}

function text(content: Content, decode = decodeEntities): string {
  const parts = content.map((node) => {
    if ('#cdata' in node) return text(node['#cdata'] as Content, (raw) => raw)
    return '#text' in node ? decode(node['#text'] as string) : ''
  })
  return parts.join('')
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

function decodeEntities(raw: string): string {
  return raw.replace(/&([^;]*);/g, (_, name: string) => decodeEntity(name))
}

function decodeEntity(name: string): string {
  const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name)
  const code = number?.[1] === undefined ? Number(number?.[2]) : Number.parseInt(number[1], 16)
  const character = code <= 0x10ffff ? String.fromCodePoint(code) : ENTITIES.get(name)
  if (character === undefined || ILLEGAL.test(character)) {
    throw refused(`has &${printable(name)};, which stands for nothing`)
  }
  return character
}

/** Only what survives a round trip: the reader trims, and XML cannot hold a control character. */
function checkTransport(name: string): string {
  if (/^[^\s\p{C}]+$/u.test(name)) return name
  throw vmError('VM_INVALID', `'${printable(name)}' is no name for a transport`, {
    remedy: 'name it like a scheme: ssh',
  })
}

function lineAt(xml: string, offset: number): number {
  return xml.slice(0, offset).split('\n').length
}

function refused(problem: string, line?: number, words?: string): VmError {
  const place = line === undefined ? '' : ` at line ${line}`
  return vmError('VM_PROTOCOL', `the capabilities document ${problem}${place}`, {
    causes: words === undefined ? [] : [{ host: 'controller', words: printable(words, 200) }],
  })
}
