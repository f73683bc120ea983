import { unknownWords } from './unknown-words.ts'

/** What `xl info` says of a host. */
export interface XlInfo {
  /** `4.17.7`. */
  readonly version: string
  readonly freeMiB: number
  readonly totalMiB: number
  /** Which kinds of guest its processor and hypervisor carry: `pv`, `hvm`, `hap`. */
  readonly abilities: readonly string[]
}

/** Reads `xl info`. VM_PROTOCOL, with what it said, where a line is missing. */
export function parseInfo(text: string, host: string): XlInfo {
  const lines = new Map(
    text.split('\n').map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const
    }),
  )
  const [version, free, total] = ['xen_version', 'free_memory', 'total_memory'].map((key) => lines.get(key))
  if (!version || !/^\d+$/.test(free ?? '') || !/^\d+$/.test(total ?? ''))
    throw unknownWords(`xl info on ${host} does not tell its version and memory`, text, host)
  const abilities = (lines.get('virt_caps') ?? '').split(' ').filter(Boolean)
  return { version, freeMiB: Number(free), totalMiB: Number(total), abilities }
}
