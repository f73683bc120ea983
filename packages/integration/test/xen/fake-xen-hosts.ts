import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HostChannel, HostProvider } from '@vmferry/core/driver'
import { local } from '@vmferry/host'
import type { XenHosts } from './xen-hosts.ts'

/** Hosts of a fake Xen on this machine, alpha and beta, and whichever are opened: their `xl` and `ssh` are the scripts beside this file. */
export interface FakeXenHosts extends XenHosts {
  /** Makes a running guest. */
  create(host: string, name: string, uuid?: string): Promise<void>
  /** What a guest has counted there, and whether all of its memory came; null: xl has none of that name. */
  count(host: string, name: string): Promise<{ readonly counter: number; readonly intact: boolean } | null>
  /** Leaves a file in a world, which its xl heeds. */
  set(host: string, flag: string): Promise<void>
  unset(host: string, flag: string): Promise<void>
  folder(host: string): string
  close(): Promise<void>
}

/** Memory of a guest. */
export const FAKE_BYTES = 8 * 1024 ** 2

export async function fakeXenHosts(): Promise<FakeXenHosts> {
  const root = await mkdtemp(join(tmpdir(), 'vmferry-fake-xen-'))
  const bin = join(root, 'bin')
  await mkdir(bin)
  for (const name of ['xl', 'ssh']) await symlink(join(import.meta.dirname, `fake-${name}`), join(bin, name))
  for (const host of ['alpha', 'beta']) await mkdir(join(root, host))
  const world = (host: string): string => join(root, host)
  const run = (host: string): string => join(root, `${host}-run`)
  const provider: HostProvider = {
    name: 'ssh',
    async open(uri, call) {
      const channel = await local().open({ ...uri, transport: null, host: null }, call)
      const host = uri.host ?? ''
      await mkdir(world(host), { recursive: true })
      const within = (argv: readonly string[]): string[] => [
        'env',
        `XL_WORLD=${world(host)}`,
        `PATH=${bin}:${process.env['PATH']}`,
        ...argv,
      ]
      const wrapped: HostChannel = {
        ...channel,
        id: `fake-${host}`,
        name: host,
        exec: (argv, options) => channel.exec(within(argv), options),
        spawn: (argv, options) => channel.spawn(within(argv), options),
        detach: (argv, options) => channel.detach(within(argv), options),
      }
      return wrapped
    },
  }
  const entries = async (host: string): Promise<string[]> =>
    (await readdir(world(host))).filter((name) => /^\d+$/.test(name)).toSorted()
  return {
    provider,
    uri: (host) => `xen+ssh://root@${host}/?run=${run(host)}`,
    async domains(host) {
      const found = await entries(host)
      return Promise.all(
        found.map(async (id) => {
          const of = (file: string) => readFile(join(world(host), id, file), 'utf8')
          return `${await of('name')} ${await of('flags')}`
        }),
      )
    },
    async create(host, name, uuid = '129cac57-9822-4cac-b5b7-f818028a90d4') {
      const id = `${(await entries(host)).length + 1}`
      const folder = join(world(host), id)
      await writeFile(join(world(host), 'last'), id)
      await mkdir(folder)
      await writeFile(join(folder, 'name'), name)
      await writeFile(join(folder, 'uuid'), `${uuid}\n`)
      await writeFile(join(folder, 'flags'), '-b----')
      await writeFile(join(folder, 'clock'), `7 ${Date.now()}\n`)
    },
    async count(host, name) {
      for (const id of await entries(host)) {
        const folder = join(world(host), id)
        const known = await readFile(join(folder, 'name'), 'utf8').catch(() => '')
        if (known.replace(/--(incoming|migratedaway)$/, '') !== name) continue
        const clock = await readFile(join(folder, 'clock'), 'utf8').catch(() => null)
        // it has just been ended
        if (clock === null) continue
        const [count = '', since = ''] = clock.trim().split(' ')
        const more = since === '-' ? 0 : (Date.now() - Number(since)) / 10
        return { counter: Number(count) + Math.floor(more), intact: !existsSync(join(folder, 'torn')) }
      }
      return null
    },
    set: (host, flag) => writeFile(join(world(host), flag), ''),
    unset: (host, flag) => rm(join(world(host), flag), { force: true }),
    async traces(host) {
      const files = await readdir(run(host)).catch(() => [])
      const commands = await Promise.all(
        (await readdir('/proc'))
          .filter((name) => /^\d+$/.test(name))
          .map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
      )
      return [
        ...files.filter((name) => name !== '.claims'),
        ...commands
          .filter((words) => words.includes(`${run(host)}/`))
          .map((words) => words.replaceAll('\0', ' ').slice(-300)),
      ]
    },
    folder: run,
    close: () => rm(root, { recursive: true, force: true }),
  }
}
