import { once } from 'node:events'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type BeatWatch,
  beatGuest,
  giveQemu,
  type Lab,
  type LabHost,
  openLab,
  qemuRelease,
  qemuSeries,
  watchBeats,
} from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  ended,
  ferry,
  isWhole,
  NOTHING,
  reportIn,
  stop,
  stopAll,
  untilNothingOn,
  vmferry,
  WHOLE,
} from './lab-guest.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterEach(async () => {
  await stopAll(lab)
  for (const host of [lab.alpha, lab.beta])
    await rm(join(host.run, 'disks'), { recursive: true, force: true })
})
afterAll(() => lab?.close())

const MIB = 2 ** 20

/** A disk of 256 MiB, as the hosts name it: each has a /run of its own. */
const DISK = '/run/disks/web1.img'

/** The same file, as it is seen from outside. */
function imageOn({ run }: LabHost, path = DISK): string {
  return path.replace(/^\/run/, run)
}

interface DiskGuest {
  readonly format?: 'raw' | 'qcow2'
  /** MiB of data in the disk, above those that the guest writes. */
  readonly dataMiB?: number
  readonly sectorsPerTick?: number
}

/** A guest on alpha that writes and checks the first MiB of a disk that beta does not have. */
async function startWriting(guest: DiskGuest = {}): Promise<BeatWatch> {
  const { format = 'raw', dataMiB = 24, sectorsPerTick = 8 } = guest
  for (const host of [lab.alpha, lab.beta]) await mkdir(dirname(imageOn(host)), { recursive: true })
  await makeImage(format, dataMiB)
  const memory = { memoryMiB: 64, fillMiB: 16, ringMiB: 4, pagesPerTick: 2, diskMiB: 1, sectorsPerTick }
  const drive = `file=${DISK},format=${format},if=none,id=data`
  const extra = ['-drive', drive, '-device', 'ide-hd,drive=data,bus=ide.0']
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
async function makeImage(format: 'raw' | 'qcow2', dataMiB: number): Promise<void> {
  const raw = await open(`${imageOn(lab.alpha)}.raw`, 'w')
  await raw.truncate(256 * MIB)
  const noise = Buffer.alloc(MIB)
  for (let at = 0; at < dataMiB; at += 1) {
    for (let word = 0; word < MIB; word += 4) noise.writeUInt32LE(((word + at) * 2654435761) >>> 0, word)
    await raw.write(noise, 0, MIB, (64 + at) * MIB)
  }
  await raw.close()
  await qemuImg('convert', '-f', 'raw', '-O', format, `${imageOn(lab.alpha)}.raw`, imageOn(lab.alpha))
  await rm(`${imageOn(lab.alpha)}.raw`)
}

async function qemuImg(...words: readonly string[]) {
  const { folder } = await qemuRelease('10.0')
  const ended = await lab.controller.exec([`${folder}/qemu-img`, ...words])
  if (ended.code !== 0) throw new Error(`qemu-img ${words.join(' ')}: ${ended.stdout}${ended.stderr}`)
  return ended.stdout
}

/** MiB that a file takes. */
async function takenMiB(path: string): Promise<number> {
  return ((await stat(path)).blocks * 512) / MIB
}

/** Holds the image of beta, where a paused guest was stopped, against that of alpha. */
async function compareImages(format: 'raw' | 'qcow2'): Promise<void> {
  const [here, there] = [imageOn(lab.alpha), imageOn(lab.beta)]
  expect(await qemuImg('compare', '-f', format, '-F', format, here, there)).toContain('Images are identical')
  if (format === 'qcow2') expect(await qemuImg('check', there)).toContain('No errors')
  // what was a hole is one
  expect(Math.abs((await takenMiB(there)) - (await takenMiB(here)))).toBeLessThan(2)
}

const COPY = ['--live', '--copy-storage']

const WAYS = ['ssh://beta', 'relay:///'].flatMap((uri) =>
  (['raw', 'qcow2'] as const).map((format) => [format, uri] as const),
)

test.each(WAYS)('a guest that writes to its %s disk takes it along by %s, and back', async (format, uri) => {
  using watch = await startWriting({ format })
  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...COPY, '--uri', uri)
  expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
  // once around the disk: each sector is what it was given
  await beatsOn(watch, lab.beta, 600)
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
