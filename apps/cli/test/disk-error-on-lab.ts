import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BeatWatch, beatGuest, type Lab, openLab, watchBeats } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ALPHA, BETA, beatsOn, ferry, stopAll, untilNothingOn, vmferry } from './lab-guest.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterEach(() => stopAll(lab))
afterAll(() => lab?.close())

/**
 * A guest on alpha that goes once over its shared disk, a sector a tick: the write to the 1000th fails, some four seconds after
 * its start, and is taken for done.
 */
async function startFailing(): Promise<BeatWatch> {
  const image = join(lab.folder, 'failing.img')
  await writeFile(image, Buffer.alloc(2 ** 20))
  const debug = 'file.driver=blkdebug,file.inject-error.0.event=write_aio,file.inject-error.0.sector=1000'
  const file = `file.image.driver=file,file.image.filename=${image}`
  const disk = ['-drive', `if=none,id=data,format=raw,${debug},${file}`]
  const device = ['-device', 'ide-hd,drive=data,bus=ide.0,werror=ignore']
  const memory = { memoryMiB: 64, fillMiB: 32, ringMiB: 4, pagesPerTick: 2 }
  const writes = { diskMiB: 1, sectorsPerTick: 1 }
  const { argv, beatPath } = await beatGuest({
    name: 'web1',
    ...memory,
    ...writes,
    extra: [...disk, ...device],
  })
  const started = await lab.controller.exec(vmferry('start', ALPHA, 'web1', '--', ...argv))
  if (started.code !== 0) throw new Error(`start failed: ${started.stderr}`)
  const watch = watchBeats([
    { host: lab.alpha, path: beatPath },
    { host: lab.beta, path: beatPath },
  ])
  await watch.until((beats) => beats.length > 10)
  return watch
}

test('a guest whose disk fails meanwhile stays, if that was asked for', async () => {
  using watch = await startFailing()
  const slowly = ['--live', '--bandwidth', '30', '--abort-on-error']
  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...slowly)
  expect({ code, last }).toMatchObject({
    code: 1,
    last: {
      outcome: 'rolledBack',
      error: {
        code: 'VM_PHASE_FAILED',
        phase: 'perform',
        message: expect.stringContaining('had an I/O error with data (write)'),
        causes: expect.arrayContaining([{ host: 'alpha', words: 'Input/output error' }]),
        remedy: expect.stringContaining('without --abort-on-error'),
      },
    },
  })
  await beatsOn(watch, lab.alpha, 20)
  await untilNothingOn(lab.beta)
})
