import type { JsonObject, JsonValue } from '@vmferry/core/driver'
import { unknownWords } from './unknown-words.ts'

/** What of a domain's configuration matters before it moves. */
export interface XlConfig {
  /** `pv`, `pvh` or `hvm`. */
  readonly type: string
  readonly uuid: string
  /** KiB that the domain holds, and what Xen keeps for it beside. */
  readonly memoryKiB: number
  readonly overheadKiB: number
  /** Paths of images and devices behind its disks. */
  readonly disks: readonly string[]
  readonly bridges: readonly string[]
  /** What it boots from on this host: kernel and initial memory disk. */
  readonly boot: readonly string[]
  /** Devices of the host that it has for itself. */
  readonly passedThrough: number
  readonly pinned: boolean
}

/** The configuration in what `xl list -l NAME` prints, without secrets. VM_PROTOCOL, with a sample, if it has another shape. */
export function parseConfig(text: string, host: string): JsonObject {
  try {
    const [first] = objects(JSON.parse(text) as JsonValue)
    const config = first && object(first['config'])
    if (config && typeof object(config['c_info'])?.['uuid'] === 'string') return withoutSecrets(config)
  } catch {
    // told below
  }
  throw unknownWords(`xl list -l on ${host} shows a domain in a shape that is not known`, text, host)
}

/** Reads the configuration, of which a half may be missing. */
export function readConfig(config: JsonObject): XlConfig {
  const [c, b] = [object(config['c_info']) ?? {}, object(config['b_info']) ?? {}]
  const max = number(b['max_memkb'])
  const vcpus = number(b['max_vcpus'])
  const texts = (key: string, of: string): string[] =>
    objects(config[key]).flatMap((one) => (typeof one[of] === 'string' && one[of] !== '' ? [one[of]] : []))
  const hvm = object(b['type.hvm'])
  return {
    type: typeof c['type'] === 'string' ? c['type'] : 'unknown',
    uuid: typeof c['uuid'] === 'string' ? c['uuid'].toLowerCase() : '',
    memoryKiB: Math.max(number(b['target_memkb']), max),
    // libxl's own estimate: a page for each MiB and 256 for each processor, twice, and a MiB for what is small
    overheadKiB: number(b['shadow_memkb']) || 4 * (256 * vcpus + 2 * Math.ceil(max / 1024)) + 1024,
    disks: texts('disks', 'pdev_path'),
    bridges: texts('nics', 'bridge'),
    boot: [b['kernel'], b['ramdisk'], hvm?.['firmware']].filter(
      (path): path is string => typeof path === 'string' && path.startsWith('/'),
    ),
    passedThrough: ['pcidevs', 'dtdevs', 'usbdevs', 'usbctrls'].reduce(
      (sum, key) => sum + objects(config[key]).length,
      0,
    ),
    pinned: b['disable_migrate'] === 'True' || b['disable_migrate'] === true,
  }
}

/** The same without what people keep secret: passwords of displays. */
function withoutSecrets(config: JsonObject): JsonObject {
  const clean = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(clean)
    const of = object(value)
    if (!of) return value
    return Object.fromEntries(
      Object.entries(of).flatMap(([key, one]) =>
        one === undefined || /passw/i.test(key) ? [] : [[key, clean(one)]],
      ),
    )
  }
  return clean(config) as JsonObject
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.map(object).filter((one) => one !== null) : []
}

function object(value?: JsonValue): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
}

function number(value: JsonValue | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
