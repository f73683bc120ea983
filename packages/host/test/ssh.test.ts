import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { local, ssh } from '../src/index.ts'
import { describeHostChannel } from './host-channel-suite.ts'
import { realCommands } from './real-commands.ts'
import { describeRealHost } from './real-host-suite.ts'
import { noSshd, type RealSshd, realSshd } from './real-sshd.ts'

const signal = new AbortController().signal

describe.skipIf(noSshd)(`ssh() to a real sshd ${noSshd}`, () => {
  let server: RealSshd
  let provider: ReturnType<typeof ssh>
  let names = 0
  beforeAll(async () => {
    server = await realSshd()
    provider = ssh(server.options)
  })
  afterAll(() => server.stop())
  const host = {
    open: () => provider.open(server.uri(), { signal }),
    path: () => `${server.folder}/${++names}`,
    commands: realCommands,
  }

  describeHostChannel('ssh()', () => host)
  describeRealHost('ssh()', () => host)

  test('this machine has the same id over ssh and without', async () => {
    const uri = { ...server.uri(), transport: null, host: null }
    const [near, far] = [await local().open(uri, { signal }), await host.open()]
    expect(far.id).toBe(near.id)
    await Promise.all([near.close(), far.close()])
  })
})
