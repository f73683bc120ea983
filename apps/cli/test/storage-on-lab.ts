import { once } from 'node:events'
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Authority,
  type BeatWatch,
  beatGuest,
  giveQemu,
  type Lab,
  type LabHost,
  openAuthority,
  openLab,
  qemuRelease,
  qemuSeries,
  watchBeats,
} from '@vmferry/lab'
import type { QmpClient } from '@vmferry/qmp'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { certify, HERE, THERE } from './certified.ts'
import {
  ALPHA,
  BETA,
  beatsOn,
  ended,
  ferry,
  isWhole,
  NOTHING,
  spareMonitor,
  startBeating,
  stop,
  stopAll,
  untilNothingOn,
  vmferry,
  WHOLE,
} from './lab-guest.ts'

let lab: Lab
let authority: Authority
beforeAll(async () => {
  ;[lab, authority] = await Promise.all([openLab(), openAuthority()])
})
afterEach(async () => {
  await stopAll(lab)
  for (const host of [lab.alpha, lab.beta])
    for (const folder of ['disks', 'pki']) await rm(join(host.run, folder), { recursive: true, force: true })
})
afterAll(async () => {
  await lab?.close()
  await authority?.[Symbol.asyncDispose]()
})

const MIB = 2 ** 20

/** A disk of 256 MiB, as the hosts name it: each has a /run of its own. */
const DISK = '/run/disks/web1.img'

/** The same file, as it is seen from outside. */
function imageOn({ run }: LabHost, path = DISK): string {
  return path.replace(/^\/run/, run)
}

/** The disk that a guest with two has besides, for the firmware to find. */
const SECOND = '/run/disks/second.img'

interface DiskGuest {
  /** Also a qcow2 disk that it never writes to. */
  readonly second?: true
  readonly format?: 'raw' | 'qcow2'
  /** MiB of data in the disk, above those that the guest writes. */
  readonly dataMiB?: number
  readonly sectorsPerTick?: number
}

/** A guest on alpha that writes and checks the first MiB of a disk that beta does not have. */
async function startWriting(guest: DiskGuest = {}): Promise<BeatWatch> {
  const { format = 'raw', dataMiB = 24, sectorsPerTick = 4, second } = guest
  for (const host of [lab.alpha, lab.beta]) await mkdir(dirname(imageOn(host)), { recursive: true })
  await makeImage(DISK, format, dataMiB)
  if (second) await makeImage(SECOND, 'qcow2', 8)
  const memory = { memoryMiB: 64, fillMiB: 16, ringMiB: 4, pagesPerTick: 2, diskMiB: 1, sectorsPerTick }
  const drive = `file=${DISK},format=${format},if=none,id=data`
  const more = `file=${SECOND},format=qcow2,if=virtio`
  const disks = ['-drive', drive, '-device', 'ide-hd,drive=data,bus=ide.0']
  const extra = [...disks, ...(second ? ['-drive', more] : [])]
  const { argv, beatPath } = await beatGuest({ name: 'web1', ...memory, extra })
  const started = await lab.controller.exec(vmferry('start', ALPHA, 'web1', '--', ...argv))
  if (started.code !== 0) throw new Error(`start failed: ${started.stderr}`)
  const watch = watchBeats([
    { host: lab.alpha, path: beatPath },
    { host: lab.beta, path: beatPath },
  ])
  // it has been once around the part of the disk that it writes
  await watch.until((beats) => beats.length > 2 * Math.ceil(2048 / sectorsPerTick))
  return watch
}

/** An image of 256 MiB on alpha: noise from its 64th MiB on, holes elsewhere. */
async function makeImage(path: string, format: 'raw' | 'qcow2', dataMiB: number): Promise<void> {
  const image = imageOn(lab.alpha, path)
  const raw = await open(`${image}.raw`, 'w')
  await raw.truncate(256 * MIB)
  const noise = Buffer.alloc(MIB)
  for (let at = 0; at < dataMiB; at += 1) {
    for (let word = 0; word < MIB; word += 4) noise.writeUInt32LE(((word + at) * 2654435761) >>> 0, word)
    await raw.write(noise, 0, MIB, (64 + at) * MIB)
  }
  await raw.close()
  await qemuImg('convert', '-f', 'raw', '-O', format, `${image}.raw`, image)
  await rm(`${image}.raw`)
}

async function qemuImg(...words: readonly string[]) {
  const { folder } = await qemuRelease('10.0')
  const { code, stdout, stderr } = await lab.controller.exec([`${folder}/qemu-img`, ...words])
  if (code !== 0) throw new Error(`qemu-img ${words.join(' ')}: ${stdout}${stderr}`)
  return stdout
}

/** MiB that a file takes. */
async function takenMiB(path: string): Promise<number> {
  return ((await stat(path)).blocks * 512) / MIB
}

/** Holds the image of beta, where a paused guest was stopped, against that of alpha. */
async function compareImages(format: 'raw' | 'qcow2', path = DISK): Promise<void> {
  const [here, there] = [imageOn(lab.alpha, path), imageOn(lab.beta, path)]
  expect(await qemuImg('compare', '-f', format, '-F', format, here, there)).toContain('Images are identical')
  if (format === 'qcow2') expect(await qemuImg('check', there)).toContain('No errors')
  // what was a hole is one
  expect(Math.abs((await takenMiB(there)) - (await takenMiB(here)))).toBeLessThan(2)
}

const COPY = ['--live', '--copy-storage']

const WAYS = ['ssh://beta', 'relay:///', 'tcp://beta', 'tls://beta', 'tls://beta:4990'].flatMap((uri) =>
  (['raw', 'qcow2'] as const).map((format) => [format, uri] as const),
)

test.each(WAYS)('a guest that writes to its %s disk takes it along by %s, and back', async (format, uri) => {
  await certify(lab, authority)
  using watch = await startWriting({ format })
  const { code, last } = await ferry(lab, 'migrate', HERE, 'web1', THERE, ...COPY, '--uri', uri)
  expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
  // once around the disk: each sector is what it was given
  await beatsOn(watch, lab.beta, 550)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  // the source's image stays: it is in the way when the guest comes back
  const refused = await ferry(lab, 'plan', BETA, 'web1', ALPHA, ...COPY)
  expect(refused.code).toBe(1)
  expect(JSON.stringify(refused.lines)).toContain('file-in-the-way')
  await rm(imageOn(lab.alpha))
  const back = ['--live', '--copy-storage', '--paused']
  expect((await ferry(lab, 'migrate', BETA, 'web1', ALPHA, ...back)).code).toBe(0)
  await stop(lab, ALPHA, 'web1')
  expect([await untilNothingOn(lab.alpha), await untilNothingOn(lab.beta)]).toEqual([NOTHING, NOTHING])
  await compareImages(format)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('what the guest only reads is taken along, byte for byte: a disk and a CD', async () => {
  const [disk, cd] = ['/run/disks/read.img', '/run/disks/cd.iso']
  for (const { run } of [lab.alpha, lab.beta]) await mkdir(join(run, 'disks'), { recursive: true })
  await makeImage(disk, 'raw', 8)
  await writeFile(imageOn(lab.alpha, cd), Buffer.alloc(3 * MIB + 2048, 'track'))
  const drives = [
    ['-drive', `file=${disk},format=raw,if=virtio,readonly=on`],
    ['-drive', `file=${cd},format=raw,if=none,id=cd,media=cdrom`, '-device', 'ide-cd,drive=cd,bus=ide.1'],
  ]
  using watch = await startBeating(lab, { name: 'web1', extra: drives.flat() })
  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...COPY)
  expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
  await beatsOn(watch, lab.beta)
  for (const path of [disk, cd]) {
    const [here, there] = await Promise.all(
      [lab.alpha, lab.beta].map((host) => readFile(imageOn(host, path))),
    )
    expect(there?.equals(here ?? Buffer.alloc(0))).toBe(true)
  }
  // what is there already is used, and the guest goes back to its own
  expect((await ferry(lab, 'migrate', BETA, 'web1', ALPHA, ...COPY)).code).toBe(0)
  await beatsOn(watch, lab.alpha)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('a guest that is off moves with its disk, and is off there', async () => {
  for (const { run } of [lab.alpha, lab.beta]) await mkdir(join(run, 'disks'), { recursive: true })
  await makeImage(DISK, 'qcow2', 8)
  const extra = ['-drive', `file=${DISK},format=qcow2,if=virtio`, '-S']
  const { argv, beatPath } = await beatGuest({
    name: 'web1',
    memoryMiB: 64,
    fillMiB: 16,
    ringMiB: 4,
    pagesPerTick: 2,
    extra,
  })
  expect((await lab.controller.exec(vmferry('start', ALPHA, 'web1', '--', ...argv))).code).toBe(0)
  using watch = watchBeats([lab.alpha, lab.beta].map((host) => ({ host, path: beatPath })))
  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--copy-storage')
  expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
  const { lines } = await ferry(lab, 'list', BETA)
  expect(JSON.stringify(lines)).toContain('"state":"paused"')
  await sleep(1000)
  expect(watch.report().count).toBe(0)
  await stop(lab, BETA, 'web1')
  await compareImages('qcow2')
})

const MANNERS = qemuSeries.flatMap((series) =>
  ([['--live'], []] as const).map((live) => [series, live.join() || 'not live', live] as const),
)

test.each(MANNERS)(
  'on QEMU %s (%s) both disks of a guest arrive byte for byte',
  async (series, _, live) => {
    const release = await qemuRelease(series)
    for (const host of [lab.alpha, lab.beta]) await giveQemu(host, release)
    using watch = await startWriting({ second: true })
    const options = [...live, '--copy-storage', '--paused']
    const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...options)
    expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
    await stop(lab, BETA, 'web1')
    await compareImages('raw')
    await compareImages('qcow2', SECOND)
    expect([await untilNothingOn(lab.alpha), await untilNothingOn(lab.beta)]).toEqual([NOTHING, NOTHING])
    expect(isWhole(watch.report())).toEqual(WHOLE)
  },
  180_000,
)

/** Asks the QEMU of the guest on alpha. */
async function asked<T>(question: (monitor: QmpClient) => Promise<T>): Promise<T> {
  const monitor = await spareMonitor(lab.alpha)
  try {
    return await question(monitor)
  } finally {
    await monitor.close()
  }
}

/** The nodes of a copy that the QEMU on alpha still has. */
async function nodesOfCopy(): Promise<readonly string[]> {
  const nodes = await asked((monitor) => monitor.execute('query-named-block-nodes'))
  const names = JSON.stringify(nodes).match(/vmferry-(?:disk|nbd)\d/g)
  return names ?? []
}

/** The files of beta's disks, as it sees them itself. */
async function disksOnBeta(): Promise<readonly string[]> {
  const { stdout } = await lab.beta.exec(['ls', '-A', '/run/disks'])
  return stdout.split('\n').filter(Boolean)
}

/** Begins to migrate slowly, and waits until disks are on their way. */
async function underWay(...options: readonly string[]) {
  const words = ['--copy-storage', '--bandwidth', '16', ...options, '--json']
  const child = lab.controller.spawn(vmferry('migrate', ALPHA, 'web1', BETA, ...words))
  let stdout = ''
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)))
  const closed = once(child, 'close').then(([code]) => ended(code as number | null, stdout, ''))
  const moved = (): number =>
    Number(
      stdout
        .match(/"bytes":\d+(?=,"totalBytes)/g)
        ?.at(-1)
        ?.slice(8) ?? -1,
    )
  const until = async (bytes: number): Promise<void> => {
    while (child.exitCode === null && moved() < bytes) await Promise.race([closed, sleep(20)])
  }
  await until(0)
  expect(await disksOnBeta()).toEqual(['web1.img'])
  return { child, closed, until }
}

test.each(['ssh://beta', 'relay:///', 'tcp://beta'])(
  'a copy that is cancelled over %s leaves no image, no job and no node',
  async (uri) => {
    using watch = await startWriting()
    const { child, closed } = await underWay('--live', '--uri', uri)
    child.kill('SIGINT')
    expect(await closed).toMatchObject({ code: 130, last: { outcome: 'rolledBack' } })
    expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
    expect(await disksOnBeta()).toEqual([])
    expect(await asked((monitor) => monitor.execute('query-block-jobs'))).toEqual([])
    expect(await nodesOfCopy()).toEqual([])
    await beatsOn(watch, lab.alpha)
    // and now it goes
    expect((await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...COPY)).code).toBe(0)
    await beatsOn(watch, lab.beta, 550)
    expect(isWhole(watch.report())).toEqual(WHOLE)
  },
)

test('a controller that is lost while disks are copied leaves a guest that runs, and recover removes the image', async () => {
  using watch = await startWriting()
  const { child, closed } = await underWay()
  child.kill('SIGKILL')
  await closed
  // it stood still for the copy
  await beatsOn(watch, lab.alpha)
  const { code, lines } = await ferry(lab, 'recover')
  expect({ code, lines }).toMatchObject({ code: 1, lines: expect.any(Array) })
  expect(await disksOnBeta()).toEqual([])
  expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
  expect(await nodesOfCopy()).toEqual([])
  await beatsOn(watch, lab.alpha, 550)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('a guest whose writes wait for a link that is silent goes on with its own disk', async () => {
  using watch = await startWriting({ dataMiB: 1 })
  const { closed, until } = await underWay('--live', '--uri', 'ssh://beta', '--stall-timeout', '4')
  // the disk is there, and the memory on its way
  await until(260 * MIB)
  const [tunnel] = await lab.alpha.processes('tunnel.sock')
  process.kill(tunnel?.pid ?? 0, 'SIGSTOP')
  expect(await closed).toMatchObject({
    code: 1,
    last: { outcome: 'rolledBack', error: { code: 'VM_TIMEOUT' } },
  })
  expect([
    await disksOnBeta(),
    await asked((monitor) => monitor.execute('query-block-jobs')),
    await nodesOfCopy(),
  ]).toEqual([[], [], []])
  await beatsOn(watch, lab.alpha, 550)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('a guest that is suspended while its disk is copied arrives', async () => {
  using watch = await startWriting({ dataMiB: 16 })
  const late = ['--bandwidth', '60', '--timeout', '2', '--timeout-action', 'suspend']
  const { code, last, stderr } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...COPY, ...late)
  expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
  expect(stderr).toBe('after 2 s: the guest stands still until it is there\n')
  await beatsOn(watch, lab.beta, 550)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('a target that dies, and one that has no room any more, leave the guest as it was', async () => {
  using watch = await startWriting()
  const first = await underWay('--live')
  const [receiver] = await lab.beta.processes('-incoming defer')
  process.kill(receiver?.pid ?? 0, 'SIGKILL')
  expect(await first.closed).toMatchObject({ code: 1, last: { outcome: 'rolledBack' } })
  expect(await disksOnBeta()).toEqual([])

  await inSmallRoom(40, async () => {
    const second = await underWay('--live')
    await lab.beta.exec(['dd', 'if=/dev/zero', 'of=/run/disks/other', 'bs=1M'])
    const { code, last } = await second.closed
    expect({ code, last }).toMatchObject({ code: 1, last: { outcome: 'rolledBack' } })
    expect(JSON.stringify(last)).toContain('No space left on device')
    expect(await disksOnBeta()).toEqual(['other'])
  })
  expect([await asked((monitor) => monitor.execute('query-block-jobs')), await nodesOfCopy()]).toEqual([
    [],
    [],
  ])
  await beatsOn(watch, lab.alpha, 550)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

/** Puts a file system of so many MiB where beta keeps its disks, for as long as something is done. */
async function inSmallRoom(size: number, done: () => Promise<void>): Promise<void> {
  await lab.beta.exec(['mount', '-t', 'tmpfs', '-o', `size=${size}m`, 'disks', '/run/disks'])
  try {
    await done()
  } finally {
    await lab.beta.exec(['umount', '--lazy', '/run/disks'])
  }
}

test('what stands in the way of a copy of disks is said before anything is changed', async () => {
  using watch = await startWriting()
  const planned = async (...options: readonly string[]) => {
    const { code, lines } = await ferry(lab, 'plan', ALPHA, 'web1', BETA, '--live', ...options)
    const found = [...JSON.stringify(lines).matchAll(/"code":"((?:disk|f[io]l|storage)[^"]*)"/g)]
    return [code, ...found.map(([, finding]) => finding)]
  }
  expect(await planned()).toEqual([1, 'file-missing'])
  expect(await planned('--copy-storage')).toEqual([0])
  expect(await planned('--copy-storage', '--uri', 'tcp://beta')).toEqual([0])
  await inSmallRoom(8, async () => expect(await planned('--copy-storage')).toEqual([1, 'disk-no-space']))
  await inSmallRoom(64, async () => expect(await planned('--copy-storage')).toEqual([0, 'disk-space-short']))
  await rm(dirname(imageOn(lab.beta)), { recursive: true })
  expect(await planned('--copy-storage')).toEqual([1, 'folder-missing'])
  await mkdir(dirname(imageOn(lab.beta)))
  await writeFile(imageOn(lab.beta), 'mine')
  const refused = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...COPY)
  expect(refused).toMatchObject({ code: 1 })
  expect(JSON.stringify(refused.lines)).toContain('never written over')
  expect(await readFile(imageOn(lab.beta), 'utf8')).toBe('mine')
  await beatsOn(watch, lab.alpha)
})

test('a shared disk that the guest never flushes stays where it is, and one that it does goes over', async () => {
  // outside of /run the hosts have the same files
  const folder = await mkdtemp(join(tmpdir(), 'vmferry-shared-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const disk = join(folder, 'disk')
  await writeFile(disk, Buffer.alloc(MIB))
  const drive = (cache: string) => ['-drive', `file=${disk},format=raw,if=virtio,cache=${cache}`]
  {
    using watch = await startBeating(lab, { name: 'web1', extra: drive('unsafe') })
    const { code, lines, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')
    expect({ code, last }).toMatchObject({ code: 1, last: { outcome: 'rolledBack' } })
    expect(JSON.stringify(lines)).toContain('never flushes what it writes there')
    await beatsOn(watch, lab.alpha)
    expect(await stop(lab, ALPHA, 'web1')).toBe(0)
  }
  using watch = await startBeating(lab, { name: 'web1', extra: drive('writeback') })
  expect((await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')).code).toBe(0)
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

/** Bytes that have come to beta over the data network. */
async function arrived(): Promise<number> {
  const { stdout } = await lab.beta.exec(['cat', '/proc/net/dev'])
  return Number(/^\s*data:\s*(\d+)/m.exec(stdout)?.[1])
}

test('disks alone, and memory beside disks that are written to, obey one limit, within 10 %', async () => {
  const release = await qemuRelease('10.0')
  for (const host of [lab.alpha, lab.beta]) await giveQemu(host, release)
  using watch = await startWriting({ dataMiB: 32 })
  const LIMIT = 5_000_000
  const options = [...COPY, '--uri', 'ssh://beta', '--bandwidth', '40', '--json']
  const child = lab.controller.spawn(vmferry('migrate', ALPHA, 'web1', BETA, ...options))
  let stdout = ''
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)))
  const closed = once(child, 'close').then(([status]) => status as number)
  const rates: number[] = []
  let from: { at: number; bytes: number } | null = null
  while (child.exitCode === null) {
    await Promise.race([closed, sleep(2_000)])
    const to = { at: performance.now(), bytes: await arrived() }
    if (from && child.exitCode === null) rates.push(((to.bytes - from.bytes) * 1000) / (to.at - from.at))
    if (stdout.includes('"type":"progress"')) from = to
  }
  const code = await closed
  expect({ code, last: ended(code, stdout, '').last }).toMatchObject({
    code: 0,
    last: { outcome: 'migrated' },
  })
  // the disks alone: 32 MiB take more than six seconds
  const [first = 0, second = 0] = rates
  expect((first + second) / 2 / LIMIT).toBeGreaterThan(0.9)
  expect((first + second) / 2 / LIMIT).toBeLessThan(1.1)
  // and whatever comes afterwards
  for (const rate of rates.slice(2)) expect(rate / LIMIT).toBeLessThan(1.1)
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test.each(['7.2', '10.0'] as const)(
  'on QEMU %s a guest that writes faster than the limit allows arrives all the same',
  async (series) => {
    const release = await qemuRelease(series)
    for (const host of [lab.alpha, lab.beta]) await giveQemu(host, release)
    using watch = await startWriting({ dataMiB: 2, sectorsPerTick: 8 })
    const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...COPY, '--bandwidth', '6')
    expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
    await beatsOn(watch, lab.beta, 280)
    expect(isWhole(watch.report())).toEqual(WHOLE)
  },
)
