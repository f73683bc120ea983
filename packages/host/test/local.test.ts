import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { local } from '../src/index.ts'
import { describeHostChannel } from './host-channel-suite.ts'
import { realCommands } from './real-commands.ts'
import { describeRealHost } from './real-host-suite.ts'
import { sshUri } from './real-sshd.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmferry-local-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const uri = { ...sshUri('x', null, null), text: 'test:///default', transport: null, host: null }
const signal = new AbortController().signal
let names = 0
const host = {
  open: () => local({ idFile: join(folder, 'id', 'host-id') }).open(uri, { signal }),
  path: () => join(folder, `${++names}`),
  commands: realCommands,
}

describeHostChannel('local()', () => host)
describeRealHost('local()', () => host)

describe('local() itself', () => {
  test('refuses a URI that names a host', async () => {
    await expect(local().open(sshUri('alpha', 22), { signal })).rejects.toMatchObject({ code: 'VM_INVALID' })
  })

  test('gives one id to many that come first at once, and another one to another host', async () => {
    const idFile = join(folder, 'race', 'host-id')
    const channels = await Promise.all(
      Array.from({ length: 8 }, () => local({ idFile }).open(uri, { signal })),
    )
    expect(new Set(channels.map((channel) => channel.id)).size).toBe(1)
    const other = await local({ idFile: join(folder, 'other', 'host-id') }).open(uri, { signal })
    expect(other.id).not.toBe(channels[0]?.id)
  })
})
