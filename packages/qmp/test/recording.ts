import { readFileSync } from 'node:fs'

/** One message of a recorded session: exactly what was on the wire. */
export interface Recorded {
  readonly from: 'qemu' | 'client'
  readonly bytes: string
}

/** A recorded session, in the order of the wire. */
export function recording(name: 'migration-source' | 'migration-target'): readonly Recorded[] {
  const text = readFileSync(new URL(`fixtures/${name}.jsonl`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded)
}

/** All that QEMU said in a session. */
export function saidByQemu(session: readonly Recorded[]): Buffer {
  return Buffer.from(
    session
      .filter(({ from }) => from === 'qemu')
      .map(({ bytes }) => bytes)
      .join(''),
  )
}

/** The recorded reply to query-qmp-schema. */
export function recordedSchema(): Buffer {
  return readFileSync(new URL('fixtures/query-qmp-schema.json', import.meta.url))
}
