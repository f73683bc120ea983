import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { giveQemu, type Lab, type LabHost, openLab, qemuRelease, qemuSeries } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  ferry,
  guestsOn,
  isWhole,
  NOTHING,
  startBeating,
  stop,
  stopAll,
  untilNothingOn,
  WHOLE,
} from './lab-guest.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterEach(async () => {
  await stopAll(lab)
  for (const { run } of [lab.alpha, lab.beta])
    await rm(join(run, 'firmware'), { recursive: true, force: true })
})
afterAll(() => lab?.close())

/** What the guest's firmware keeps, as the hosts name it: each has a /run of its own. */
const VARIABLES = '/run/firmware/web1.vars'

const BYTES = 128 * 1024

/** The same file, as it is seen from outside. */
function variablesOn({ run }: LabHost): string {
  return VARIABLES.replace(/^\/run/, run)
}

/** Variables as no other guest has them. */
const OWN = Buffer.from(Array.from({ length: BYTES }, (_, at) => (at * 31 + (at >> 8)) & 0xff))

/** A guest on alpha whose firmware is in flash memory: the code, which is only read, and its variables. */
async function startWithFlash() {
  for (const host of [lab.alpha, lab.beta]) await mkdir(dirname(variablesOn(host)), { recursive: true })
  await writeFile(variablesOn(lab.alpha), OWN)
  const flash = [
    'if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/seabios/bios-256k.bin',
    `if=pflash,unit=1,format=raw,file=${VARIABLES}`,
  ]
  return startBeating(lab, { name: 'web1', extra: flash.flatMap((drive) => ['-drive', drive]) })
}

test.each(qemuSeries)(
  'on QEMU %s the variables of its firmware go with a guest, and back',
  async (series) => {
    const qemu = await qemuRelease(series)
    const restore = await Promise.all([lab.alpha, lab.beta].map((host) => giveQemu(host, qemu)))
    onTestFinished(async () => {
      await stopAll(lab)
      for (const takeBack of restore) await takeBack()
    })
    using watch = await startWithFlash()
    const refused = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')
    expect(refused).toMatchObject({ code: 1, last: { outcome: 'rolledBack' } })
    expect(JSON.stringify(refused.last)).toContain(`${VARIABLES} is not on`)
    expect(await guestsOn(lab.alpha)).toEqual(['web1'])

    const away = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live', '--copy-storage')
    expect(away).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
    await beatsOn(watch, lab.beta)
    expect((await readFile(variablesOn(lab.beta))).equals(OWN)).toBe(true)

    await rm(variablesOn(lab.alpha))
    const back = await ferry(lab, 'migrate', BETA, 'web1', ALPHA, '--copy-storage')
    expect(back).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
    await beatsOn(watch, lab.alpha)
    expect(isWhole(watch.report())).toEqual(WHOLE)
    await stop(lab, ALPHA, 'web1')
    expect([await untilNothingOn(lab.alpha), await untilNothingOn(lab.beta)]).toEqual([NOTHING, NOTHING])
    expect((await readFile(variablesOn(lab.alpha))).equals(OWN)).toBe(true)
  },
)
