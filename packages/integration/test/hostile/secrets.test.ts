import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import {
  createFerry,
  errorData,
  type Ferry,
  type Journal,
  type Logger,
  parseConnectionUri,
  parseMigrationUri,
} from '@vmferry/core'
import { qemu } from '@vmferry/driver-qemu'
import { driver } from '@vmferry/driver-test'
import { fileJournal, local, ssh } from '@vmferry/host'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noSshd, type RealSshd, realSshd } from '../../../host/test/real-sshd.ts'
import { COMMAND, qemuProblem } from '../qemu-guests.ts'
import { canary } from './canary.ts'

const SECRET = 'hunter2-canary'
const bird = canary()

/** All that is said to anybody: errors as data and as a debugger shows them, the log, and what the journal has after each entry. */
interface Ear {
  readonly heard: string[]
  readonly log: Logger
  readonly journal: Journal
  hear(value: unknown): void
}

function ear(name: string): Ear {
  const heard: string[] = []
  const hear = (value: unknown): void => {
    heard.push(inspect(value, { depth: 20 }), JSON.stringify(value) ?? '', JSON.stringify(errorData(value)))
  }
  const write = (message: string, fields?: unknown): void => hear({ message, fields })
  const folder = join(bird.folder, name)
  const journal = fileJournal({ folder })
  return {
    heard,
    hear,
    log: { debug: write, info: write, warn: write, error: write },
    journal: {
      async append(entry) {
        await journal.append(entry)
        for (const file of readdirSync(folder)) heard.push(readFileSync(join(folder, file), 'latin1'))
      },
      entries: () => journal.entries(),
    },
  }
}

/** Runs it, and hears whatever it gives or throws. */
async function told(by: Ear, work: () => unknown): Promise<void> {
  try {
    by.hear(await work())
  } catch (error) {
    by.hear(error)
  }
}

describe('a password in a URI', () => {
  const URIS = [
    `qemu+ssh://root:${SECRET}@alpha/system`,
    `qemu+ssh://${SECRET}:@alpha/system`,
    `qemu+ssh://root:${SECRET}/x@alpha/system`,
    `qemu+ssh://root:${SECRET}@alpha:x/system`,
    `qemu+ssh://root:${SECRET}@-bad/system`,
    `QEMU+SSH://root:${SECRET}@alpha/system`,
    `qemu://root:${SECRET}@alpha/system`,
    `root:${SECRET}@alpha`,
    `ssh://root:${SECRET}@beta/`,
    `ssh://root:${SECRET}@beta/#x`,
    `tcp://:${SECRET}@beta:4444`,
    `ssh://root:p@${SECRET}@beta/`,
  ]

  test('is refused by both parsers, the ferry and migrate, and nobody repeats it', async () => {
    const ears = ear('uris')
    const ferry = createFerry({ drivers: [driver(), qemu()], hosts: [local(), ssh()], ...ears })
    const here = await ferry.connect('test:///default')
    const there = await ferry.connect('test:///other')
    const web1 = await here.domain('web1')
    for (const uri of URIS) {
      await told(ears, () => parseConnectionUri(uri))
      await told(ears, () => parseMigrationUri(uri))
      await told(ears, () => ferry.connect(uri))
      await told(ears, () => web1.plan(there, { uri }))
      await told(ears, () => web1.migrate(there, { uri }))
    }
    await told(ears, () => web1.migrate(there, { live: true }))
    await ferry.close()
    expect(ears.heard.join('\n')).toContain('vmferry-journal')
    expect(ears.heard.filter((words) => words.includes(SECRET))).toEqual([])
  })
})

describe.skipIf(noSshd !== '')(`a private key ${noSshd}`, () => {
  let sshd: RealSshd
  beforeAll(async () => {
    sshd = await realSshd()
  })
  afterAll(() => sshd.stop())

  test('that cannot be read is named by its path, never shown', async () => {
    const ears = ear('keys')
    const identity = join(bird.folder, 'id_bad')
    for (const body of [
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${SECRET}\n-----END OPENSSH PRIVATE KEY-----\n`,
      `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n`,
      SECRET,
    ]) {
      writeFileSync(identity, body, { mode: 0o600 })
      const provider = ssh({ ...sshd.options, identities: [identity] })
      await told(ears, () => provider.open(sshd.uri(), { signal: new AbortController().signal }))
    }
    expect(ears.heard.join('\n')).toContain('VM_REFUSED')
    expect(ears.heard.filter((words) => words.includes(SECRET))).toEqual([])
  })
})

describe.skipIf(qemuProblem !== null)(`a secret on a QEMU command line ${qemuProblem ?? ''}`, () => {
  const OBJECT = ['-object', `secret,id=s0,data=${SECRET}`]

  function open(ears: Ear, folder: string): Ferry {
    mkdirSync(folder, { recursive: true })
    return createFerry({ drivers: [qemu()], hosts: [local()], ...ears })
  }

  test('is in the definition for its owner alone, and in nothing that a migration says', async () => {
    const ears = ear('qemu')
    const folder = join(bird.folder, 'rooms')
    const ferry = open(ears, folder)
    process.env['ACME_TOKEN'] = `token-${SECRET}`
    const here = await ferry.connect(`qemu:///session?run=${folder}/a`)
    const there = await ferry.connect(`qemu:///session?run=${folder}/b`)
    try {
      const web1 = await here.start('web1', [...COMMAND, ...OBJECT])
      const [id = ''] = guestsIn(join(folder, 'a'))
      const definition = join(folder, 'a', id, 'definition.json')
      expect(readFileSync(definition, 'utf8')).toContain(SECRET)
      expect(statSync(definition).mode & 0o777).toBe(0o600)
      expect(statSync(join(folder, 'a', id)).mode & 0o777).toBe(0o700)
      await told(ears, async () =>
        (await here.domains()).map(({ name, state, uuid }) => ({ name, state, uuid })),
      )
      await told(ears, () => web1.plan(there))
      const migration = web1.migrate(there, { live: true })
      for await (const event of migration) ears.hear(event)
      await told(ears, async () => (await migration).name)
      ears.hear(migration.report)
      const [arrived = ''] = guestsIn(join(folder, 'b'))
      for (const file of ['definition.json', 'incoming.json'])
        expect(statSync(join(folder, 'b', arrived, file)).mode & 0o777).toBe(0o600)
      expect(statSync(join(folder, 'b', arrived)).mode & 0o777).toBe(0o700)
    } finally {
      delete process.env['ACME_TOKEN']
      for (const { name } of await there.domains()) await there.stop(name, { force: true })
      for (const { name } of await here.domains()) await here.stop(name, { force: true })
      await ferry.close()
    }
    expect(ears.heard.join('\n')).toContain("'migrated'")
    expect(ears.heard.filter((words) => words.includes(SECRET))).toEqual([])
  })

  test('is taken out of what QEMU says when it does not start, and at a target that fails', async () => {
    const ears = ear('qemu-words')
    const folder = join(bird.folder, 'words')
    const ferry = open(ears, folder)
    const here = await ferry.connect(`qemu:///session?run=${folder}/a`)
    for (const words of [
      ['-object', `secret,id=s0,data=${SECRET},format=nonsense`],
      ['-object', `{"qom-type":"secret","id":"s0","data":"${SECRET}","format":"nonsense"}`],
      ['-spice', `password=${SECRET},port=nonsense`],
      ['-drive', `file=http://me:${SECRET}@127.0.0.1:1/x,format=raw,if=none,id=d0`],
      ['-vnc', `:0,password=${SECRET}`],
      ['-iscsi', `user=me,password=${SECRET},nonsense=1`],
      [...OBJECT, '-device', 'flux-capacitor'],
      [...OBJECT, '--uuid', 'nonsense'],
    ])
      await told(ears, () => here.start('web1', [...COMMAND, ...words]))
    expect(await here.domains()).toEqual([])
    await ferry.close()
    expect(ears.heard.join('\n')).toContain('flux-capacitor')
    expect(ears.heard.filter((words) => words.includes(SECRET))).toEqual([])
  })

  const address = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address
  test.skipIf(address === undefined)(
    'an open monitor and a plaintext way are told, by the plan and by events',
    async () => {
      const ears = ear('plaintext')
      const folder = join(bird.folder, 'plain')
      const ferry = open(ears, folder)
      const here = await ferry.connect(`qemu:///session?run=${folder}/a`)
      const there = await ferry.connect(`qemu:///session?run=${folder}/b`)
      try {
        const web1 = await here.start('web1', [...COMMAND, '-monitor', 'tcp:127.0.0.1:0,server=on,wait=off'])
        const codes = async (uri?: string): Promise<string[]> =>
          (await web1.plan(there, uri === undefined ? {} : { uri })).findings.map(({ code }) => code)
        expect(await codes()).toEqual(['open-monitor'])
        expect((await codes(`tcp://${address}`)).toSorted()).toEqual(['open-monitor', 'plaintext'])
        const warnings: string[] = []
        const migration = web1.migrate(there, { live: true, uri: `tcp://${address}` })
        for await (const event of migration) if (event.type === 'warning') warnings.push(event.code)
        expect(warnings).toEqual(expect.arrayContaining(['open-monitor', 'plaintext']))
        expect((await migration).connection).toBe(there)
      } finally {
        for (const room of [here, there])
          for (const { name } of await room.domains()) await room.stop(name, { force: true })
        await ferry.close()
      }
    },
  )
})

/** The folders of guests in a run directory; what begins with a dot stays beside them. */
function guestsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('.'))
}
