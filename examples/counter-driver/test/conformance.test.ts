import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conformance } from '@vmferry/conformance'
import { local } from '@vmferry/host'
import { afterAll, describe, test } from 'vitest'
import { setup } from '../src/conformance.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmferry-counter-id-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

conformance({ describe, test }, setup, { hosts: [local({ idFile: join(folder, 'host-id') })] })
