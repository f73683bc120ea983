import { unknownWords } from './unknown-words.ts'

/** A domain as `xl list -v` shows it. */
export interface XlDomain {
  readonly id: number
  readonly name: string
  readonly uuid: string
  readonly memoryMiB: number
  /** What its flags say: `suspended` is stopped by a migration or a save, and has all its memory. */
  readonly state: 'running' | 'paused' | 'suspended' | 'shut-down' | 'crashed' | 'dying'
}

/** name, id, MiB, vCPUs, flags, seconds, uuid, reason, label: a name may have spaces, the rest has none. */
const ROW =
  /^(.+?)\s+(\d+)\s+(\d+)\s+\d+\s+([r-][b-][p-][s-][-rscwS][d-])\s+[\d.]+\s+([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/

/** Reads `xl list -v`. VM_PROTOCOL, with the line, where it has another shape: nothing is guessed. */
export function parseTable(text: string, host: string): XlDomain[] {
  const [head = '', ...lines] = text.split('\n')
  if (!/^Name\s+ID\s+Mem\s+VCPUs\s+State\s+Time\(s\)\s+UUID\b/.test(head)) throw strange(head, host)
  return lines.filter((line) => line !== '').map((line) => rowOf(line, host))
}

function rowOf(line: string, host: string): XlDomain {
  const [, name, id, memory, flags, uuid] = ROW.exec(line) ?? []
  if (name === undefined || flags === undefined || uuid === undefined) throw strange(line, host)
  return { id: Number(id), name, uuid, memoryMiB: Number(memory), state: stateOf(flags) }
}

/** `r` runs, `b` waits for something, `p` paused, `s` stopped by itself and why, `d` is being taken apart. */
function stateOf(flags: string): XlDomain['state'] {
  if (flags[5] === 'd') return 'dying'
  if (flags[3] === 's') return STOPPED[flags[4] ?? ''] ?? 'shut-down'
  return flags[2] === 'p' ? 'paused' : 'running'
}

const STOPPED: Readonly<Record<string, XlDomain['state']>> = { s: 'suspended', c: 'crashed' }

function strange(line: string, host: string): Error {
  return unknownWords(`xl on ${host} lists domains in a shape that is not known`, line, host)
}
