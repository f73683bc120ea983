import type { Finding } from '@vmferry/core/driver'
import type { ObjectProperty } from '@vmferry/qmp'
import { jsonMember, optionsNamed } from '../guest/command-line.ts'
import { optionValue, parseOptionList } from '../guest/option-list.ts'
import type { Present } from './drift.ts'
import { blocker } from './finding.ts'

/** A device of the command line. */
interface Asked {
  readonly model: string
  readonly id: string | undefined
  /** It is plugged and unplugged by QEMU itself, while its stand-in is migrated. */
  readonly failover: boolean
}

/** The devices that were plugged in or taken out since the start. */
export function driftedDevices(
  where: string,
  argv: readonly string[],
  { peripheral, anonymous }: Pick<Present, 'peripheral' | 'anonymous'>,
): Finding[] {
  // what such a file asks for is not known here
  if (optionsNamed(argv, 'readconfig').length > 0) return []
  const asked = optionsNamed(argv, 'device').map(askedFor)
  const named = asked.filter(({ id }) => id !== undefined)
  const [there, unnamed] = [childrenOf(peripheral), childrenOf(anonymous)]
  const { least, most } = unnamedIn(argv, asked.length - named.length)
  const numbers = unnamed.map(({ name }) => numberIn(name))
  const missing = Array.from({ length: least }, (_, number) => number).filter(
    (number) => !numbers.includes(number),
  )
  return [
    ...there.filter(({ name }) => !named.some(({ id }) => id === name)).map((child) => added(where, child)),
    ...unnamed.filter(({ name }) => numberIn(name) >= most).map((child) => added(where, child)),
    ...named
      .filter(({ id, failover }) => !failover && !there.some(({ name }) => name === id))
      .map(({ model, id }) => removed(where, `${id} (${model})`)),
    ...missing.map((number) => removed(where, `device[${number}], which has no id`)),
  ]
}

function askedFor(value: string): Asked {
  const member = (key: string): string | undefined =>
    value.startsWith('{') ? jsonMember(value, key) : optionValue(parseOptionList(value, 'driver'), key)
  return {
    model: member('driver') ?? '',
    id: member('id'),
    failover: member('failover_pair_id') !== undefined,
  }
}

/**
 * How many devices without an id the command line makes: its own, and those that QEMU makes of other options. A drive for
 * which no interface is named is a device of its own on some machines and not on a PC.
 */
function unnamedIn(
  argv: readonly string[],
  devices: number,
): { readonly least: number; readonly most: number } {
  const drives = optionsNamed(argv, 'drive').map((value) => optionValue(parseOptionList(value, 'file'), 'if'))
  const virtio = drives.filter((kind) => kind === 'virtio').length
  const implied = virtio + optionsNamed(argv, 'virtfs', 'watchdog').length
  const machine = optionsNamed(argv, 'machine', 'M').at(-1) ?? 'pc'
  const isPc = /^(?:type=)?(?:pc|q35|isapc)\b/.test(machine)
  const open =
    drives.filter((kind) => kind === undefined).length + optionsNamed(argv, 'hda', 'hdb', 'hdc', 'hdd').length
  return { least: devices + implied, most: devices + implied + (isPc ? 0 : open) }
}

function childrenOf(
  properties: readonly ObjectProperty[],
): { readonly name: string; readonly model: string }[] {
  return properties.flatMap(({ name, type }) => {
    const model = /^child<(.*)>$/.exec(type)?.[1]
    return model === undefined ? [] : [{ name, model }]
  })
}

/** QEMU counts devices without an id for as long as it lives: `device[3]`. */
function numberIn(name: string): number {
  return Number(/\[(\d+)\]$/.exec(name)?.[1] ?? Number.NaN)
}

function added(where: string, { name, model }: { readonly name: string; readonly model: string }): Finding {
  const [code, what] = kindOf(model)
  return blocker(
    'source',
    code,
    `the QEMU of ${where} was given ${what} ${name} (${model}) while it ran`,
    'take it out of the guest (device_del), or start the guest with it',
  )
}

function kindOf(model: string): readonly [code: string, what: string] {
  if (model.endsWith('-cpu')) return ['processor-added', 'the processor']
  if (/dimm|virtio-mem|virtio-pmem/.test(model)) return ['memory-added', 'the memory']
  return ['device-added', 'the device']
}

function removed(where: string, what: string): Finding {
  return blocker(
    'source',
    'device-removed',
    `the QEMU of ${where} was started with the device ${what}, and has it no longer`,
    'plug it in again as it was, or start the guest without it',
  )
}
