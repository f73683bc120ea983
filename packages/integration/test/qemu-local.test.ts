import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isVmError } from '@vmferry/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { call, driverAt, effect, prepared } from './qemu-by-hand.ts'
import { COMMAND, qemuProblem, twoRooms } from './qemu-guests.ts'
import { guestFolder, spareMonitor } from './qemu-monitor.ts'

const pythonProblem = spawnSync('python3', ['--version']).error ? ' (python3 is not installed)' : ''

/** What a guest has that was given none. */
const NO_UUID = '00000000-0000-0000-0000-000000000000'

/** The rejection of a promise. */
async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.unreachable(`expected a rejection, got ${String(value)}`),
    (error: unknown) => error,
  )
}

/** A zombie that its parent has not yet seen is not alive. */
async function isAlive(pid: number): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '0 (gone) X')
  return !/\) [ZX]/.test(line)
}

describe.skipIf(qemuProblem !== null)(
  `real QEMU on one host${qemuProblem ? ` (${qemuProblem})` : ''}`,
  () => {
    test('a guest moves from one run directory to another, and nothing is left of it', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', COMMAND)
      const pid = await rooms.pidIn('a')
      const moved = await web1.migrate(rooms.there, { live: true, rename: 'web2' })
      expect(moved.name).toBe('web2')
      expect(await rooms.left('a')).toEqual([])
      expect(await isAlive(pid)).toBe(false)
      expect(await rooms.there.domains()).toMatchObject([{ name: 'web2', state: 'running', uuid: web1.uuid }])
    })

    test('a guest that was moved moves on: two hops, there and back', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', COMMAND)
      const there = await web1.migrate(rooms.there, { live: true })
      const back = await there.migrate(rooms.here)
      expect(await rooms.here.domains()).toMatchObject([{ name: 'web1', state: 'running' }])
      expect(back.connection).toBe(rooms.here)
      expect(await rooms.left('b')).toEqual([])
    })

    test('a guest moves over four connections, and on over one: what was set for the first does not stay', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', COMMAND)
      const there = await web1.migrate(rooms.there, { live: true, connections: 4 })
      await there.migrate(rooms.here, { live: true })
      expect(await rooms.here.domains()).toMatchObject([{ name: 'web1', state: 'running' }])
      expect(await rooms.left('b')).toEqual([])
    })

    test('start refuses what the driver must set itself, and a name that is taken', async () => {
      await using rooms = await twoRooms()
      for (const words of [['-incoming', 'defer'], ['-name', 'x'], ['-daemonize'], ['--pidfile']])
        expect(await rejection(rooms.here.start('web1', [...COMMAND, ...words]))).toMatchObject({
          code: 'VM_INVALID',
        })
      await rooms.here.start('web1', COMMAND)
      expect(await rejection(rooms.here.start('web1', COMMAND))).toMatchObject({ code: 'VM_EXISTS' })
    })

    test('a QEMU that does not start leaves nothing but its words', async () => {
      await using rooms = await twoRooms()
      const error = await rejection(rooms.here.start('web1', [...COMMAND, '-device', 'flux-capacitor']))
      expect(error).toMatchObject({ code: 'VM_PHASE_FAILED' })
      expect(JSON.stringify(error)).toContain("'flux-capacitor' is not a valid device model name")
      expect(await rooms.left('a')).toEqual([])
    })

    test('a second migration of one guest is refused while the first runs', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', [...COMMAND, '-m', '512'])
      const first = web1.migrate(rooms.there, { live: true, bandwidth: 1 })
      for await (const event of first) if (event.type === 'progress') break
      expect(await rejection(web1.migrate(rooms.there, { rename: 'web2' }))).toMatchObject({
        code: 'VM_BUSY',
        phase: 'check',
        guest: { source: 'running' },
      })
      await first.cancel()
      expect(await rooms.here.domains()).toMatchObject([{ name: 'web1', state: 'running' }])
      expect(await rooms.left('b')).toEqual([])
    })

    test('a plan tells what the guest is connected to and would miss at the target', async () => {
      await using rooms = await twoRooms()
      const path = `${rooms.folder}/user.sock`
      const program = createServer((guest) => guest.destroy()).listen(path)
      const web1 = await rooms.here.start('web1', [...COMMAND, '-chardev', `socket,id=user,path=${path}`])
      const codes = async (): Promise<string[]> =>
        (await web1.plan(rooms.there, {})).findings.map(({ severity, code }) => `${severity} ${code}`)
      expect(await codes()).toEqual([])
      program.close()
      expect(await codes()).toEqual(['blocker socket-missing'])
    })

    test('a disk that is the same file counts as shared only while its lock is seen', async () => {
      await using rooms = await twoRooms()
      const disk = `${rooms.folder}/disk`
      await writeFile(disk, Buffer.alloc(1 << 20))
      const drive = ['-drive', `file=${disk},format=raw,if=virtio`]
      const web1 = await rooms.here.start('web1', [...COMMAND, ...drive])
      const codes = async (domain: typeof web1): Promise<string[]> =>
        (await domain.plan(rooms.there, {})).findings.map(({ code }) => code)
      expect(await codes(web1)).toEqual([])
      await web1.migrate(rooms.there)
      await rooms.there.stop('web1', { force: true })

      const open = [...COMMAND, '-drive', `file=${disk},format=raw,if=virtio,file.locking=off`]
      expect(await codes(await rooms.here.start('db1', open))).toEqual(['locks-off'])
      await rooms.here.stop('db1', { force: true })

      // a disk that nothing in the guest uses is not locked, as one is not whose locks do not reach this host
      const idle = [...COMMAND, '-drive', `file=${disk},format=raw,if=none,id=idle`]
      expect(await codes(await rooms.here.start('db2', idle))).toEqual(['file-not-locked'])
    })

    test('within one host the socket that a guest listens on goes with the QEMU that it leaves', async () => {
      await using rooms = await twoRooms()
      const path = `${rooms.folder}/serial.sock`
      const serial = ['-chardev', `socket,id=s0,path=${path},server=on,wait=off`, '-serial', 'chardev:s0']
      const web1 = await rooms.here.start('web1', [...COMMAND, ...serial])
      const { findings } = await web1.plan(rooms.there, {})
      expect(findings.map(({ code }) => code)).toEqual(['socket-path-lost'])
      await web1.migrate(rooms.there)
      await expect(stat(path)).rejects.toThrow('ENOENT')
    })

    test('the network hears of the guest again once it runs at the target', async () => {
      await using rooms = await twoRooms()
      const dump = `${rooms.folder}/packets`
      const web1 = await rooms.here.start('web1', [
        ...COMMAND,
        '-netdev',
        'hubport,id=lan,hubid=0',
        '-device',
        'virtio-net-pci,netdev=lan',
        '-object',
        `filter-dump,id=dump,netdev=lan,file=${dump}`,
      ])
      await web1.migrate(rooms.there, { live: true })
      // QEMU itself sends six such packets (7.2), all told
      const announcements = async (): Promise<number> =>
        (await readFile(dump)).toString('latin1').split('\xff\xff\xff\xff\xff\xff').length - 1
      await expect.poll(announcements, { timeout: 10_000 }).toBeGreaterThan(9)
    })

    test('tune lifts the limit of a migration that would take minutes', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', [...COMMAND, '-m', '512'])
      const migration = web1.migrate(rooms.there, { live: true, bandwidth: 1 })
      for await (const event of migration) if (event.type === 'progress') break
      await migration.tune({ bandwidth: 8_000 })
      expect((await migration).connection).toBe(rooms.there)
    })

    test('a guest that is suspended in its copy stands still until it runs at the target', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', [...COMMAND, '-m', '512'])
      const migration = web1.migrate(rooms.there, { live: true, bandwidth: 2 })
      for await (const event of migration) if (event.type === 'progress') break
      expect(await rooms.here.domains()).toMatchObject([{ state: 'running' }])
      await migration.tune({ suspend: true })
      expect(await rooms.here.domains()).toMatchObject([{ state: 'paused' }])
      await migration.tune({ bandwidth: 8_000 })
      await migration
      expect(await rooms.there.domains()).toMatchObject([{ name: 'web1', state: 'running' }])
      expect(migration.report?.downtimeMs).toBeGreaterThan(0)
    })

    test('a target that is killed before it is ready rolls back, with the words of both', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', [...COMMAND, '-m', '512'])
      const migration = web1.migrate(rooms.there, { live: true, bandwidth: 1 })
      for await (const event of migration) if (event.type === 'progress') break
      process.kill(await rooms.pidIn('b'), 'SIGKILL')
      expect(await rejection(migration)).toMatchObject({
        code: 'VM_PHASE_FAILED',
        phase: 'perform',
        outcome: 'rolledBack',
        guest: { source: 'running', target: 'none' },
      })
      expect(await rooms.left('b')).toEqual([])
    })

    test('a source that is killed half-way is lost, and the target is cleaned up', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', [...COMMAND, '-m', '512'])
      const migration = web1.migrate(rooms.there, { live: true, bandwidth: 1 })
      for await (const event of migration) if (event.type === 'progress') break
      process.kill(await rooms.pidIn('a'), 'SIGKILL')
      expect(await rejection(migration)).toMatchObject({ code: 'VM_LOST', outcome: 'lost' })
      expect(await rooms.left('b')).toEqual([])
    })

    test('a name that is taken and a file that is missing are both told by the plan', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', COMMAND)
      await rooms.there.start('web1', COMMAND)
      const plan = await web1.plan(rooms.there)
      expect(plan).toMatchObject({ possible: false, findings: [{ code: 'name-taken', error: 'VM_EXISTS' }] })
      expect(await rejection(web1.migrate(rooms.there))).toMatchObject({ code: 'VM_EXISTS', phase: 'check' })
      expect((await web1.plan(rooms.there, { rename: 'web2' })).possible).toBe(true)
    })

    test('a guest whose QEMU has died is listed as failed and cannot be moved', async () => {
      await using rooms = await twoRooms()
      const web1 = await rooms.here.start('web1', COMMAND)
      process.kill(await rooms.pidIn('a'), 'SIGKILL')
      await expect.poll(async () => (await rooms.here.domain('web1')).state).toBe('failed')
      expect(await rejection(web1.migrate(rooms.there))).toMatchObject({
        code: 'VM_NOT_FOUND',
        phase: 'check',
      })
    })

    test('a guest that a migration has is neither stopped nor, once its QEMU has died, started anew', async () => {
      await using rooms = await twoRooms()
      await rooms.here.start('web1', COMMAND)
      await prepared(rooms.here.uri, rooms.there.uri)
      const held = { code: 'VM_BUSY', remedy: expect.stringContaining('vmferry recover --host') }
      expect(await rejection(rooms.here.stop('web1'))).toMatchObject(held)
      process.kill(await rooms.pidIn('a'), 'SIGKILL')
      await expect.poll(async () => (await rooms.here.domain('web1')).state).toBe('failed')
      expect(await rejection(rooms.here.start('web1', COMMAND))).toMatchObject(held)
      expect(await rooms.left('a')).toHaveLength(1)
    })

    test.skipIf(pythonProblem !== '')(
      `a QEMU that was started by hand is adopted, moves, and leaves nothing${pythonProblem}`,
      async () => {
        await using rooms = await twoRooms()
        const monitor = join(rooms.folder, 'hand.sock')
        const [binary = '', ...words] = COMMAND
        await writeFile(join(rooms.folder, 'data.img'), Buffer.alloc(1024 ** 2))
        const disk = ['-drive', 'file=data.img,format=raw,if=virtio,readonly=on']
        const own = ['-qmp', `unix:${monitor},server=on,wait=off`]
        const hand = spawn(binary, [...words, ...disk, ...own], { cwd: rooms.folder })
        onTestFinished(() => void hand.kill('SIGKILL'))
        await expect.poll(() => existsSync(monitor)).toBe(true)
        const web1 = await rooms.here.adopt('web1', { qmp: monitor })
        expect(await rooms.here.domains()).toMatchObject([{ name: 'web1', state: 'running' }])
        expect(await rooms.pidIn('a')).toBe(hand.pid)
        expect(await rejection(rooms.there.adopt('web1', { qmp: monitor }))).toMatchObject({
          code: 'VM_BUSY',
        })
        expect(await rooms.left('b')).toEqual([])
        const moved = await web1.migrate(rooms.there, { live: true })
        await moved.migrate(rooms.here, { live: true })
        expect(await rooms.here.domains()).toMatchObject([{ name: 'web1', state: 'running', uuid: NO_UUID }])
        expect(await rooms.left('b')).toEqual([])
      },
    )

    test('what is plugged in after the plan keeps the migration from its copy, and the record is taken back', async () => {
      await using rooms = await twoRooms()
      await rooms.here.start('web1', COMMAND)
      const monitor = await spareMonitor(rooms, 'a')
      await monitor.raw('device_add', { driver: 'virtio-rng-pci', id: 'late' })
      await monitor.close()
      const way = await prepared(rooms.here.uri, rooms.there.uri)
      expect(await rejection(way.perform())).toMatchObject({
        code: 'VM_PHASE_FAILED',
        message: expect.stringContaining('late (virtio-rng-pci)'),
      })
      await way.incoming.abort('a test', effect(1))
      await way.outgoing.abort('a test', effect(1))
      expect(existsSync(join(await guestFolder(rooms, 'a'), 'outgoing.json'))).toBe(false)
    })

    test('the run directory and the path of the URI are checked, with what to write instead', async () => {
      await using rooms = await twoRooms()
      for (const uri of [
        'qemu:///',
        'qemu:///elsewhere',
        'qemu:///system?run=relative',
        'qemu:///session?pool=x',
        `qemu:///session?run=/tmp/${'x'.repeat(90)}`,
      ])
        expect(await rejection(rooms.ferry.connect(uri))).toMatchObject({
          code: 'VM_INVALID',
          remedy: expect.any(String),
        })
    })
  },
)

describe.skipIf(qemuProblem !== null)(
  `the halves of a migration of real QEMU${qemuProblem ? ` (${qemuProblem})` : ''}`,
  () => {
    /** Up to the switchover, over connections of its own. */
    async function performed(here: string, there: string) {
      const way = await prepared(here, there)
      await way.perform()
      return way
    }

    test('after perform the source is stopped and revivable, the target complete, stopped and unmarked', async () => {
      await using rooms = await twoRooms()
      await rooms.here.start('web1', COMMAND)
      const { outgoing, incoming, seen } = await performed(rooms.here.uri, rooms.there.uri)
      await incoming.ready?.(effect(1))
      await outgoing.handOver?.(effect(1))
      expect(await outgoing.inspect(call)).toMatchObject({ run: 'stopped', complete: true, revivable: true })
      expect(await incoming.inspect(call)).toMatchObject({
        run: 'stopped',
        complete: true,
        mayHaveRun: false,
      })
      expect(seen.some(({ type }) => type === 'stopped')).toBe(true)
      await incoming.abort('test', effect(1))
      await incoming.abort('again', effect(1))
      expect(await incoming.inspect(call)).toMatchObject({ run: 'gone', mayHaveRun: false })
      await outgoing.abort('test', effect(1))
      expect(await rooms.here.domains()).toMatchObject([{ state: 'running' }])
      expect(await rooms.left('b')).toEqual([])
    })

    test('another controller finds both halves in the records of the hosts and ends the migration', async () => {
      await using rooms = await twoRooms()
      await rooms.here.start('web1', COMMAND)
      const first = await performed(rooms.here.uri, rooms.there.uri)
      await Promise.all([first.source.close(), first.target.close()])

      const [source, target] = [await driverAt(rooms.here.uri), await driverAt(rooms.there.uri)]
      expect(await source.migrations(call)).toMatchObject([
        { migration: 'm-by-hand', role: 'source', domain: 'web1', epoch: 1 },
      ])
      expect(await target.migrations(call)).toMatchObject([
        { migration: 'm-by-hand', role: 'target', domain: 'web1' },
      ])
      const outgoing = await source.source?.recall('m-by-hand', effect(1))
      const incoming = await target.target?.recall('m-by-hand', effect(1))
      expect(await outgoing?.inspect(call)).toMatchObject({ run: 'stopped' })
      await incoming?.ready?.(effect(1))
      await incoming?.finish(effect(1))
      await incoming?.finish(effect(1))
      expect(await incoming?.inspect(call)).toMatchObject({ run: 'running', mayHaveRun: true })
      await outgoing?.confirm(effect(1))
      expect(await rooms.left('a')).toEqual([])
      expect(await rooms.there.domains()).toMatchObject([{ name: 'web1', state: 'running' }])
    })

    test('what this host never heard of is VM_NOT_FOUND', async () => {
      await using rooms = await twoRooms()
      const { source, target } = await driverAt(rooms.here.uri)
      for (const half of [source, target])
        expect(
          isVmError(await rejection(half?.recall('m-x', effect(1)) ?? Promise.resolve()), 'VM_NOT_FOUND'),
        ).toBe(true)
    })

    test('a claim is compare-and-set: eight at once with one epoch, and one has it', async () => {
      await using rooms = await twoRooms()
      const connection = await driverAt(rooms.here.uri)
      const claims = await Promise.allSettled(
        Array.from({ length: 8 }, () => connection.claim('web1', 5, call)),
      )
      expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const claim of claims)
        if (claim.status === 'rejected') expect(claim.reason).toMatchObject({ code: 'VM_STALE' })
      expect(await connection.claim('web1', 6, call)).toEqual({ domain: 'web1', epoch: 6 })
      await connection.close()
      expect(await rejection(connection.claim('web1', 7, call))).toMatchObject({ code: 'VM_CONNECTION' })
    })
  },
)
