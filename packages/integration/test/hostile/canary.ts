import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** A file that comes into being only if somebody reads data as a command. */
export interface Canary {
  readonly folder: string
  readonly path: string
  /** Whether it has come into being. */
  sings(): boolean
}

/** A canary in a folder of its own, which goes with the tests. */
export function canary(): Canary {
  const folder = mkdtempSync(join(tmpdir(), 'vmferry-hostile-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'canary')
  return { folder, path, sings: () => existsSync(path) }
}
