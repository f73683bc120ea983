import { readFileSync } from 'node:fs'

/** What a command on a Xen host said, as it was recorded. */
export interface Recording {
  readonly stdout: string
  readonly stderr: string
}

/** Reads a recording: a few lines about it, then each stream behind its mark. */
export function recording(name: string): Recording {
  const text = readFileSync(new URL(`./recordings/${name}.txt`, import.meta.url), 'utf8')
  const part = (mark: string): string =>
    (text.split(`# ---- ${mark}\n`)[1] ?? '').split('\n# ---- ')[0]?.replace(/^# ---- [\s\S]*/, '') ?? ''
  return { stdout: part('stdout'), stderr: part('stderr') }
}
