import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallOptions, HostChannel, MigrationRequest, Offer } from '@vmferry/core/driver'
import { fenceScript, type Step } from '@vmferry/fence'
import type { BlockInfo } from '@vmferry/qmp'
import { expect, onTestFinished, test } from 'vitest'
import { unmake } from '../src/fence/step.ts'
import { QEMU_VERBS } from '../src/fence/verbs.ts'
import { unflushedFiles } from '../src/storage/cache.ts'
import { type Disk, disksIn, disksOf, disksToJson } from '../src/storage/disks.ts'
import { lacksStorage, storageFindings, storageWishes } from '../src/storage/findings.ts'
import { imageStep } from '../src/storage/image.ts'
import { perDisk, shares } from '../src/storage/share.ts'

const MIB = 2 ** 20
const call = {} as CallOptions

test('a disk is a file of the guest, and what keeps it from being copied is seen', () => {
  const url = new URL('fixtures/query-block.json', import.meta.url)
  const disks = disksOf(JSON.parse(readFileSync(url, 'utf8')) as readonly BlockInfo[])
  expect(disks.map(({ path, unfit }) => [path, unfit])).toEqual([
    ['/disks/plain.raw', null],
    ['/disks/overlay.qcow2', 'backing-chain'],
    ['/disks/snap.qcow2', 'snapshots'],
    ['/disks/ext.qcow2', 'data-file'],
    ['/disks/other.vmdk', 'format'],
    ['/disks/crypt.qcow2', 'encrypted'],
    ['/disks/cd.iso', null],
    ['/disks/base.qcow2', null],
  ])
  expect(disks[0]).toMatchObject({ node: '#block130', format: 'raw', bytes: 4 * MIB })
})

function drive(change: object): BlockInfo[] {
  const image = { 'virtual-size': MIB, 'actual-size': 0 }
  return [
    { inserted: { file: '/a', drv: 'raw', ro: false, image, backing_file_depth: 0, ...change } },
  ] as never
}

test('a device, a part of a file, and what is no file at all are told apart', () => {
  const part = 'json:{"driver":"raw","offset":512,"file":{"driver":"file","filename":"/a"}}'
  const remote = 'json:{"driver":"raw","file":{"driver":"nbd","server.path":"/a"}}'
  expect(disksOf(drive({ file: '/dev/vg/a' }))).toMatchObject([{ unfit: 'device' }])
  expect(disksOf(drive({ file: part }))).toMatchObject([{ path: '/a', unfit: 'options' }])
  for (const file of [remote, 'nbd://beta/a', 'a.img']) expect(disksOf(drive({ file }))).toEqual([])
})

test('what is only read is a disk like another, once; firmware that is only read is none', () => {
  const cd = drive({ file: '/cd.iso', ro: true })
  expect(disksOf([...cd, ...cd])).toMatchObject([{ path: '/cd.iso', unfit: null }])
  const [flash] = drive({ file: '/code.fd', ro: true })
  expect(disksOf([{ ...flash, device: 'pflash0' } as never])).toEqual([])
})

function disk(change: Partial<Disk> = {}): Disk {
  return {
    path: '/a/b',
    node: 'n',
    format: 'raw',
    bytes: 9 * MIB,
    allocated: 4 * MIB,
    unfit: null,
    ...change,
  }
}

function offerOf(...disks: readonly Disk[]): Offer {
  return { cookie: { disks: disksToJson(disks) } } as unknown as Offer
}

test('an offer without disks has none, and each disk of one has names of its own', () => {
  expect(disksIn({} as Offer)).toEqual([])
  const names = disksIn(offerOf(disk(), disk())).map(({ id, connection }) => [id, connection])
  expect(names).toEqual([
    ['vmferry-disk0', 'vmferry-nbd0'],
    ['vmferry-disk1', 'vmferry-nbd1'],
  ])
})

/** What is found on a host that has none of the disks, and whose folders are so. */
async function found(rooms: readonly string[], ...disks: readonly Disk[]): Promise<string[]> {
  const answers = [disks.map(() => '0'), rooms].map((lines) => `${lines.join('\n')}\n`).values()
  const exec = async () => ({ code: 0, signal: null, stdout: answers.next().value ?? '', stderr: '' })
  const host = { name: 'beta', exec } as unknown as HostChannel
  const findings = await storageFindings(host, offerOf(...disks), call)
  return findings.map(({ severity, code, message }) => {
    const sizes = message.match(/\d+(?= MiB)/g) ?? []
    return [severity, code, ...sizes].join(' ')
  })
}

test('the disks of one file system must find room together', async () => {
  const room = (mib: number, device = 1): string => `ok ${device} ${mib * 256} 4096`
  expect(await found([room(9)], disk())).toEqual([])
  expect(await found([room(8)], disk())).toEqual(['warning disk-space-short 8 9'])
  expect(await found([room(3)], disk())).toEqual(['blocker disk-no-space 3 4'])
  expect(await found([room(7), room(7)], disk(), disk())).toEqual(['blocker disk-no-space 7 8'])
  expect(await found([room(9), room(9, 2)], disk(), disk())).toEqual([])
})

test('a folder that is not there or may not be written to, and a disk that cannot be copied, are said by name', async () => {
  expect(await found(['missing'], disk())).toEqual(['blocker folder-missing'])
  expect(await found(['read-only 1 9999 4096'], disk())).toEqual(['blocker folder-read-only'])
  const unfit = disk({ unfit: 'backing-chain' })
  expect(await found(['ok 1 9999 4096'], unfit)).toEqual(['blocker disk-backing-chain'])
})

test('a QEMU that lacks a command, and post-copy, keep disks from being copied', () => {
  expect(lacksStorage('target', new Set(['nbd-server-start', 'blockdev-add']), 'beta')).toMatchObject([
    { code: 'no-storage-copy', side: 'target', message: expect.stringContaining('no block-export-add') },
  ])
  const wishes = { copyStorage: true, postCopy: true } as MigrationRequest
  expect(storageWishes(wishes)).toMatchObject([{ code: 'storage-with-postcopy', severity: 'blocker' }])
  expect(storageWishes({ ...wishes, postCopy: false })).toEqual([])
})

test('a limit is split so that the parts are not more than the whole, and none is none', () => {
  expect(shares(1_000_001)).toEqual({ disks: 250_000, memory: 750_001 })
  expect([shares(0), perDisk(0, 3)]).toEqual([{ disks: 0, memory: 0 }, 0])
  expect(perDisk(1_000_000, 3)).toBe(333_333)
})

/** A guest's folder with a disk's place beside it, and the fence to act there. */
function placed() {
  const root = mkdtempSync(join(tmpdir(), 'vmferry-image-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const guest = join(root, 'm-1')
  mkdirSync(guest)
  const act = (...steps: readonly Step[]): number | null => {
    const words = steps.flatMap((step) => [...step.words])
    const input = ['1', ...steps.flatMap(({ lines = [] }) => lines), ''].join('\n')
    const argv = ['-c', fenceScript(QEMU_VERBS.script), 'sh', join(root, '.claims'), 'web1', guest, ...words]
    return spawnSync('sh', argv, { input }).status
  }
  return { act, guest, path: join(root, 'a disk.img'), part: join(root, 'a disk.img.m-1') }
}

const problem = spawnSync('flock', ['--version']).error ? ' (flock is not installed)' : ''

test.skipIf(problem !== '')(
  `an image is made empty, and only what was made is removed again${problem}`,
  () => {
    const { act, path, part } = placed()
    expect(act(imageStep(disk({ path })))).toBe(0)
    expect([statSync(path).size, statSync(path).blocks, existsSync(part)]).toEqual([9 * MIB, 0, false])
    expect([act(unmake()), existsSync(path)]).toEqual([0, false])
    expect(act(unmake())).toBe(0)
    // somebody's own file at that place now
    writeFileSync(path, 'mine')
    expect([act(unmake()), readFileSync(path, 'utf8')]).toEqual([0, 'mine'])
  },
)

test.skipIf(problem !== '')(`what is there already is not written over, nor removed${problem}`, () => {
  const { act, path, part } = placed()
  writeFileSync(path, 'mine')
  expect(act(imageStep(disk({ path })))).not.toBe(0)
  expect([act(unmake()), readFileSync(path, 'utf8'), existsSync(part)]).toEqual([0, 'mine', false])
})

test.skipIf(problem !== '')(`the image of a copy that may have run stays${problem}`, () => {
  const { act, guest, path } = placed()
  act(imageStep(disk({ path })))
  writeFileSync(join(guest, 'may-have-run'), '')
  expect([act(unmake()), existsSync(path)]).toEqual([0, true])
})

test.skipIf(problem !== '')(`a qcow2 image has its header, its tables and no data${problem}`, () => {
  const { act, path } = placed()
  expect(act(imageStep(disk({ path, format: 'qcow2', bytes: 2 ** 40 })))).toBe(0)
  const image = readFileSync(path)
  expect(image.length).toBe(4 * 65536)
  expect([image.toString('latin1', 0, 3), image.readUInt32BE(4), image.readBigUInt64BE(24)]).toEqual([
    'QFI',
    3,
    2n ** 40n,
  ])
  // 2048 entries of 512 MiB in the L1 table, which is at the fourth cluster
  expect([image.readUInt32BE(36), image.readBigUInt64BE(40)]).toEqual([2048, 3n * 65536n])
  expect([image.readBigUInt64BE(65536), image.readUInt16BE(2 * 65536 + 6)]).toEqual([2n * 65536n, 1])
  expect(image.readUInt16BE(2 * 65536 + 8)).toBe(0)
  expect(statSync(path).blocks * 512).toBeLessThan(65536)
})

test('a disk that is never flushed is told by the word that names its file', () => {
  const node = (cache: object): string =>
    JSON.stringify({ driver: 'qcow2', 'node-name': 'n', cache, file: { driver: 'file', filename: '/a' } })
  const unflushed = [
    ['-drive', 'file=/a,if=virtio,cache=unsafe'],
    ['-drive', 'file=/a,cache.no-flush=on'],
    ['-blockdev', 'driver=file,node-name=n,filename=/a,cache.no-flush=on'],
    ['-blockdev', node({ 'no-flush': true })],
  ]
  for (const words of unflushed) expect([...unflushedFiles(['qemu', ...words])]).toEqual(['/a'])
  const others = [
    ['-drive', 'file=/a,cache=none'],
    ['-drive', 'file=/a,,cache=unsafe,if=virtio'],
    ['-drive', 'file=/a,readonly=on,cache=unsafe'],
    ['-blockdev', node({ 'no-flush': false })],
  ]
  for (const words of others) expect([...unflushedFiles(['qemu', ...words])]).toEqual([])
})
