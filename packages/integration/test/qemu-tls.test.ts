import { spawnSync } from 'node:child_process'
import { appendFile, chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseMigrationUri } from '@vmferry/core'
import { type Authority, openAuthority } from '@vmferry/lab'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { effect, prepared } from './qemu-by-hand.ts'
import { COMMAND, qemuProblem, type TwoRooms, twoRooms } from './qemu-guests.ts'
import { spareMonitor } from './qemu-monitor.ts'

const problem = qemuProblem ?? (spawnSync('openssl', ['version']).error ? 'openssl is not installed' : null)

/** The target, as the URI and its certificate name it: an address of which nobody is asked what it means. */
const ADDRESS = '192.0.2.1'

/** Where QEMU reaches itself by a name that is not one of the loopback. */
const MYSELF = '0.0.0.0'

/** A folder of certificates for each side, whole until a test spoils it. */
interface Folders {
  readonly source: string
  readonly target: string
}

type Spoil = (folders: Folders) => Promise<unknown>

describe.skipIf(problem !== null)(`tls of real QEMU${problem ? ` (${problem})` : ''}`, () => {
  let rooms: TwoRooms
  let authority: Authority
  let other: Authority
  let folder: string
  let round = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmferry-tls-'))
    ;[rooms, authority, other] = await Promise.all([twoRooms(), openAuthority(), openAuthority()])
    await rooms.here.start('web1', COMMAND)
    for (const name of ['source', 'target']) {
      await authority.sign(join(folder, name), name === 'source' ? 'client' : 'server', {
        names: `IP:${ADDRESS},IP:${MYSELF}`,
      })
      await copyFile(authority.certificate, join(folder, name, 'ca-cert.pem'))
    }
  })
  afterAll(async () => {
    await rooms?.[Symbol.asyncDispose]()
    for (const one of [authority, other]) await one?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  /** What the plan of a migration by tls says of these folders. */
  async function planned(spoil: Spoil = async () => {}, uri = `tls://${ADDRESS}`) {
    const copy = join(folder, `${(round += 1)}`)
    const folders = { source: join(copy, 'source'), target: join(copy, 'target') }
    for (const [side, role] of [
      ['source', 'client'],
      ['target', 'server'],
    ] as const) {
      await mkdir(folders[side], { recursive: true })
      for (const name of ['ca-cert.pem', `${role}-cert.pem`, `${role}-key.pem`])
        await copyFile(join(folder, side, name), join(folders[side], name))
      await chmod(join(folders[side], `${role}-key.pem`), 0o600)
    }
    await spoil(folders)
    const here = await rooms.ferry.connect(`qemu:///session?run=${rooms.folder}/a&tls=${folders.source}`)
    const there = await rooms.ferry.connect(`qemu:///session?run=${rooms.folder}/b&tls=${folders.target}`)
    try {
      const plan = await (await here.domain('web1')).plan(there, { live: true, rename: 'web2', uri })
      expect(JSON.stringify(plan)).not.toMatch(/PRIVATE|c0ffee/)
      const findings = plan.findings.filter(({ code }) => code !== 'writes-missed')
      return { possible: plan.possible, transport: plan.transport, findings }
    } finally {
      await Promise.all([here.close(), there.close()])
    }
  }

  const resign = (by: () => Authority, side: 'source' | 'target', dates: object): Spoil => {
    const role = side === 'source' ? 'client' : 'server'
    return (folders) => by().sign(folders[side], role, { names: `IP:${ADDRESS}`, ...dates })
  }
  const strange = async ({ source }: Folders): Promise<void> => {
    await resign(() => other, 'source', {})({ source, target: '' })
    await copyFile(other.certificate, join(source, 'ca-cert.pem'))
  }
  const keys =
    (text: string): Spoil =>
    async (folders) => {
      for (const path of [folders.source, folders.target]) {
        await rm(join(path, 'ca-cert.pem'))
        await writeFile(join(path, 'keys.psk'), text, { mode: 0o600 })
      }
    }

  /** Begun, prepared and copied over four connections, with these folders. */
  async function copied(from: TwoRooms) {
    const wish = { uri: parseMigrationUri(`tls://${MYSELF}`), connections: 4 }
    const uri = (room: string, side: string) =>
      `qemu:///session?run=${from.folder}/${room}&tls=${folder}/${side}`
    const way = await prepared(uri('a', 'source'), uri('b', 'target'), wish)
    await way.perform()
    await way.incoming.ready?.(effect(1))
    await way.outgoing.handOver?.(effect(1))
    return way
  }

  const setFor = async (from: TwoRooms, room: 'a' | 'b') => {
    const monitor = await spareMonitor(from, room)
    const [parameters, capabilities, objects] = await Promise.all([
      monitor.execute('query-migrate-parameters'),
      monitor.execute('query-migrate-capabilities'),
      monitor.execute('qom-list', { path: '/objects' }),
    ])
    await monitor.close()
    return {
      objects: objects.map(({ name }) => name).filter((name) => name.includes('tls')),
      credentials: parameters['tls-creds'],
      expected: parameters['tls-hostname'],
      parallel: capabilities.find(({ capability }) => capability === 'multifd')?.state,
    }
  }
  const PLAIN = { objects: [], credentials: '', expected: '', parallel: false }

  test('a copy by tls that is aborted leaves nothing of it in the source, which runs on', async () => {
    await using from = await twoRooms()
    await from.here.start('web1', COMMAND)
    const { incoming, outgoing } = await copied(from)
    expect(await setFor(from, 'a')).toEqual({
      objects: ['vmferry-tls'],
      credentials: 'vmferry-tls',
      expected: MYSELF,
      parallel: true,
    })
    await incoming.abort('test', effect(1))
    await outgoing.abort('test', effect(1))
    expect(await setFor(from, 'a')).toEqual(PLAIN)
    expect(await from.here.domains()).toMatchObject([{ state: 'running' }])
    expect(await from.left('b')).toEqual([])
  })

  test('one that arrives leaves nothing of it in the target, which may have to send it on', async () => {
    await using from = await twoRooms()
    await from.here.start('web1', COMMAND)
    const { incoming, outgoing } = await copied(from)
    await incoming.finish(effect(1))
    await incoming.finish(effect(1))
    await outgoing.confirm(effect(1))
    expect(await setFor(from, 'b')).toMatchObject({ objects: [], credentials: '' })
    expect(await from.there.domains()).toMatchObject([{ state: 'running' }])
  })

  test('certificates that are as they should be are found to be so', async () => {
    expect(await planned()).toEqual({ possible: true, transport: 'tls', findings: [] })
  })

  test('a key that both have is enough where there is no certificate of an authority', async () => {
    expect(await planned(keys('qemu:c0ffee00\n'))).toEqual({ possible: true, transport: 'tls', findings: [] })
  })

  const WRONG: readonly [string, Spoil, string, 'source' | 'target', RegExp][] = [
    [
      'nothing at all',
      ({ target }) => rm(target, { recursive: true }),
      'tls-files-missing',
      'target',
      /neither ca-cert.pem nor keys.psk/,
    ],
    [
      'a key and a certificate that are missing',
      ({ source }) => Promise.all(['cert', 'key'].map((one) => rm(join(source, `client-${one}.pem`)))),
      'tls-files-missing',
      'source',
      /lacks client-cert.pem and client-key.pem/,
    ],
    [
      'a file that holds no certificate',
      ({ target }) => writeFile(join(target, 'server-cert.pem'), 'hello\n'),
      'tls-file-invalid',
      'target',
      /server-cert.pem on .* holds no certificate/,
    ],
    [
      'a certificate that has expired',
      resign(() => authority, 'target', { from: '20200101000000Z', to: '20200201000000Z' }),
      'tls-expired',
      'target',
      /server-cert.pem .* until Feb  1 .* 2020/,
    ],
    [
      'a certificate that is not valid yet',
      resign(() => authority, 'source', { from: '20400101000000Z', to: '20400201000000Z' }),
      'tls-not-yet-valid',
      'source',
      /client-cert.pem .* from Jan  1 .* 2040/,
    ],
    [
      'a certificate of another authority',
      resign(() => other, 'source', {}),
      'tls-not-signed',
      'source',
      /client-cert.pem .* is not signed/,
    ],
    [
      'a key of another certificate',
      ({ source, target }) => copyFile(join(source, 'client-key.pem'), join(target, 'server-key.pem')),
      'tls-key-mismatch',
      'target',
      /server-key.pem .* is not the key of server-cert.pem/,
    ],
    [
      'a certificate for another name',
      resign(() => authority, 'target', { names: 'DNS:gamma,IP:192.0.2.3' }),
      'tls-name-differs',
      'target',
      /not made out to 192.0.2.1, but to gamma, 192.0.2.3/,
    ],
    ['authorities that differ', strange, 'tls-authorities-differ', 'target', /do not trust one authority/],
    [
      'certificates here and a key there',
      async ({ target }) => {
        await rm(join(target, 'ca-cert.pem'))
        await writeFile(join(target, 'keys.psk'), 'qemu:c0ffee\n', { mode: 0o600 })
      },
      'tls-kinds-differ',
      'target',
      /has a shared key in .*, the source certificates/,
    ],
  ]

  test.each(WRONG)('%s: the plan says so, and what to do', async (_what, spoil, code, side, message) => {
    const { possible, findings } = await planned(spoil)
    expect({ possible, findings }).toMatchObject({
      possible: false,
      findings: [{ severity: 'blocker', code, side, remedy: expect.any(String) }],
    })
    expect(findings[0]?.message).toMatch(message)
  })

  test('keys of others only are no key', async () => {
    const { findings } = await planned(keys('# qemu:c0ffee\nroot:c0ffee00\n'))
    expect(findings).toMatchObject(['source', 'target'].map((side) => ({ code: 'tls-key-missing', side })))
  })

  test('an authority that has expired is told of both sides', async () => {
    await using old = await openAuthority({ from: '20200101000000Z', to: '20200201000000Z' })
    const { findings } = await planned(async (folders) => {
      for (const side of ['source', 'target'] as const) {
        await resign(() => old, side, {})(folders)
        await copyFile(old.certificate, join(folders[side], 'ca-cert.pem'))
      }
    })
    expect(findings).toMatchObject(['source', 'target'].map((side) => ({ code: 'tls-expired', side })))
  })

  test('a certificate signed through one between, which comes with it, is signed', async () => {
    await using between = await authority.between()
    const { findings } = await planned(async (folders) => {
      await resign(() => between, 'target', {})(folders)
      await appendFile(join(folders.target, 'server-cert.pem'), await readFile(between.certificate))
    })
    expect(findings).toEqual([])
  })

  test('a key that everybody may read is a warning', async () => {
    const { possible, findings } = await planned(({ target }) => chmod(join(target, 'server-key.pem'), 0o644))
    expect({ possible, findings }).toMatchObject({
      possible: true,
      findings: [{ severity: 'warning', code: 'tls-key-exposed', side: 'target' }],
    })
  })
  test('a host without openssl cannot tell whether the key is the right one: a warning', async () => {
    const programs = join(folder, 'programs')
    await mkdir(programs)
    spawnSync('cp', ['-as', '/usr/bin/.', programs])
    await rm(join(programs, 'openssl'))
    const { possible, findings } = await planned(async () => {
      vi.stubEnv('PATH', programs)
    }).finally(() => vi.unstubAllEnvs())
    expect({ possible, findings }).toMatchObject({
      possible: true,
      findings: ['source', 'target'].map((side) => ({
        severity: 'warning',
        code: 'tls-key-unverified',
        side,
      })),
    })
  })
})
