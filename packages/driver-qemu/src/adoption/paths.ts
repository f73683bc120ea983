import { type OptionList, parseOptionList } from '../guest/option-list.ts'

/** Keys of option lists whose value is a path. */
export const PATHS: ReadonlySet<string> = new Set(
  'file filename file.filename path mem-path dir logfile script downscript sigpath smb tftp cancel-path x509-dir'.split(
    ' ',
  ),
)

/** Options whose whole value is a path. */
const WHOLE = new Set(
  'kernel initrd dtb cdrom hda hdb hdc hdd fda fdb pflash mtdblock sd mem-path bios L'.split(' '),
)

/** Options whose value is a list, and what its first word means. */
const LISTS: Readonly<Record<string, string>> = {
  drive: 'file',
  blockdev: 'driver',
  chardev: 'backend',
  object: 'qom-type',
  netdev: 'type',
  nic: 'type',
  net: 'type',
  fsdev: 'fsdriver',
  virtfs: 'fsdriver',
  tpmdev: 'type',
  smbios: 'type',
  acpitable: 'sig',
  fw_cfg: 'name',
  spice: 'port',
}

/** The relative paths in an option's value. */
export function relativePaths(name: string, value: string): string[] {
  if (WHOLE.has(name)) return isRelative(name, value) ? [value] : []
  const options = listed(name, value)
  return options.flatMap(([key, path]) => (isPath(name, key, path) && !isAbstract(options) ? [path] : []))
}

/** The value with its relative paths made absolute; every other character of it stays. */
export function withAbsolute(name: string, value: string, cwd: string): string {
  const folder = `${cwd.replace(/\/+$/, '')}/`
  if (relativePaths(name, value).length === 0) return value
  if (WHOLE.has(name)) return folder + value
  const words = value.replaceAll(',,', '\0').split(',')
  return words
    .map((word, index) => {
      const [[key, path] = ['', '']] = parseOptionList(word, index === 0 ? (LISTS[name] ?? '') : '')
      return isPath(name, key, path) ? `${key}=${(folder + path).replaceAll(',', ',,')}` : word
    })
    .join(',')
    .replaceAll('\0', ',,')
}

function listed(name: string, value: string): OptionList {
  const implied = LISTS[name]
  return implied === undefined ? [] : parseOptionList(value, implied)
}

function isPath(name: string, key: string, path: string): boolean {
  // a device's file is a ROM, which QEMU looks for in its own folders
  if (name === 'device' || !PATHS.has(key)) return false
  return isRelative(key, path) && !(key.endsWith('script') && path === 'no')
}

function isAbstract(options: OptionList): boolean {
  return options.some(([key, value]) => key === 'abstract' && value === 'on')
}

/** A name without a folder may be one of QEMU's own firmware. */
function isRelative(key: string, path: string): boolean {
  if (path === '' || path.startsWith('/')) return false
  if (key === 'bios' || key === 'L') return path.includes('/')
  return key === 'path' || !/^[a-z][a-z0-9+.-]*:/.test(path)
}
