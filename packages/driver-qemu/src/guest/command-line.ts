import { vmError } from '@vmferry/core/driver'
import { formatOptionList, type OptionList, optionValue, parseOptionList } from './option-list.ts'

/** Options that the driver sets itself, with what to say instead. */
const OURS: Readonly<Record<string, string>> = {
  name: 'the name is an argument of its own',
  incoming: 'the driver adds it at the target',
  daemonize: 'the driver detaches the process itself',
  pidfile: 'the driver keeps the pid itself',
  'run-with': 'the driver detaches the process itself',
}

/** A file that the command line names. */
export interface NamedFile {
  readonly path: string
  readonly writable: boolean
}

/** Refuses a command line that the driver could not start or move. VM_INVALID says which word, and why. */
export function checkCommandLine(argv: readonly string[]): void {
  const [binary, ...words] = argv
  if (binary === undefined || binary === '' || binary.startsWith('-'))
    throw vmError('VM_INVALID', 'the command line does not start with a QEMU binary', {
      remedy: 'give it whole: qemu-system-x86_64 -machine q35 -m 512 …',
    })
  const nul = argv.findIndex((word) => word.includes('\0'))
  if (nul >= 0) throw vmError('VM_INVALID', `word ${nul + 1} of the command line contains a NUL`)
  for (const word of words) {
    const reason = word.startsWith('-') ? OURS[optionName(word)] : undefined
    if (reason) throw vmError('VM_INVALID', `the command line must not have ${word}`, { remedy: reason })
  }
}

/** The command line with this machine type in the place of the one it has: an alias means another machine elsewhere. */
export function withMachineType(argv: readonly string[], type: string): string[] {
  const copy = [...argv]
  const at = copy.findLastIndex((word) =>
    ['machine', 'M'].includes(word.startsWith('-') ? optionName(word) : ''),
  )
  if (at < 0) return [...copy, '-machine', type]
  const options = parseOptionList(copy[at + 1] ?? '', 'type').filter(([key]) => key !== 'type')
  copy[at + 1] = [type, ...(options.length > 0 ? [formatOptionList(options)] : [])].join(',')
  return copy
}

/** The values of an option, one for each time it is given. */
export function optionsNamed(argv: readonly string[], ...names: readonly string[]): string[] {
  return argv.flatMap((word, index) => {
    const value = argv[index + 1]
    return word.startsWith('-') && names.includes(optionName(word)) && value !== undefined ? [value] : []
  })
}

/** The device models that the command line asks for. */
export function deviceModels(argv: readonly string[]): string[] {
  return optionsNamed(argv, 'device').flatMap((value) => {
    const model = value.startsWith('{')
      ? jsonMember(value, 'driver')
      : optionValue(parseOptionList(value, 'driver'), 'driver')
    return model ? [model] : []
  })
}

/** The files that the command line names: images, kernels, firmware. */
export function namedFiles(argv: readonly string[]): NamedFile[] {
  const plain = optionsNamed(argv, 'kernel', 'initrd', 'bios', 'dtb', 'cdrom').map((path) => ({
    path,
    writable: false,
  }))
  const whole = optionsNamed(argv, 'hda', 'hdb', 'hdc', 'hdd', 'fda', 'fdb', 'pflash').map((path) => ({
    path,
    writable: true,
  }))
  const drives = optionsNamed(argv, 'drive').flatMap((value) => imageOf(parseOptionList(value, 'file')))
  const nodes = optionsNamed(argv, 'blockdev').flatMap((value) =>
    value.startsWith('{') ? imageOfJson(value) : imageOf(parseOptionList(value, 'driver')),
  )
  return [...plain, ...whole, ...drives, ...nodes]
}

/**
 * The monitors, and the ways in for a migration, that the command line opens on the network: `tcp:0.0.0.0:4444`. Whoever
 * connects there may do all that the QEMU may.
 */
export function openMonitors(argv: readonly string[]): string[] {
  const direct = optionsNamed(argv, 'qmp', 'qmp-pretty', 'monitor', 'incoming')
  const mixed = optionsNamed(argv, 'serial', 'parallel').flatMap((value) =>
    value.startsWith('mon:') ? [value.slice('mon:'.length)] : [],
  )
  const addressed = [...direct, ...mixed].flatMap((value) => {
    const address = /^(?:tcp|telnet|tn3270|websocket|udp):[^,]*/.exec(value)?.[0]
    return address === undefined ? [] : [address]
  })
  const used = optionsNamed(argv, 'mon').map((value) =>
    optionValue(parseOptionList(value, 'chardev'), 'chardev'),
  )
  const sockets = optionsNamed(argv, 'chardev').flatMap((value) => {
    const options = parseOptionList(value, 'backend')
    const port = optionValue(options, 'port')
    if (port === undefined || !used.includes(optionValue(options, 'id'))) return []
    return [`tcp:${optionValue(options, 'host') ?? ''}:${port}`]
  })
  return [...addressed, ...sockets]
}

function imageOf(options: OptionList): NamedFile[] {
  const path = ['file', 'filename', 'file.filename'].map((key) => optionValue(options, key)).find(Boolean)
  if (!path || /^[a-z][a-z0-9+.-]*:/.test(path)) return []
  const flag = optionValue(options, 'readonly') ?? optionValue(options, 'read-only')
  const cdrom = optionValue(options, 'media') === 'cdrom'
  return path.startsWith('/') || !path.includes('=') ? [{ path, writable: !cdrom && flag !== 'on' }] : []
}

function imageOfJson(text: string): NamedFile[] {
  const path = jsonMember(text, 'filename')
  return path ? [{ path, writable: !/"read-only"\s*:\s*true/.test(text) }] : []
}

/** A text member of that name, however deep; undefined if there is none, or the text is no JSON. */
export function jsonMember(text: string, key: string): string | undefined {
  try {
    const find = (value: unknown): string | undefined => {
      if (typeof value !== 'object' || value === null) return undefined
      const member = (value as Record<string, unknown>)[key]
      return typeof member === 'string' ? member : Object.values(value).map(find).find(Boolean)
    }
    return find(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** QEMU takes `-x` and `--x` alike. */
function optionName(word: string): string {
  return word.replace(/^--?/, '')
}
