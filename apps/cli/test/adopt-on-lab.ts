import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import {
  type BeatWatch,
  giveQemu,
  type Lab,
  type LiveProcess,
  openLab,
  qemuRelease,
  qemuSeries,
  watchBeats,
} from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  ALPHA,
  BETA,
  BY_HAND,
  beatsOn,
  ferry,
  interrupted,
  isWhole,
  leftOn,
  NOTHING,
  spareSocket,
  startByHand,
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
  for (const { pid } of await lab.alpha.processes(`-qmp unix:${BY_HAND}`)) process.kill(pid, 'SIGKILL')
})
afterAll(() => lab?.close())

const ADOPT = ['adopt', ALPHA, 'web1', '--qmp', BY_HAND]

/** A guest that somebody started on alpha by hand. */
async function byHand(...extra: readonly string[]): Promise<BeatWatch> {
  const beatPath = await startByHand(lab, extra)
  const watch = watchBeats([
    { host: lab.alpha, path: beatPath },
    { host: lab.beta, path: beatPath },
  ])
  await watch.until((beats) => beats.length > 25)
  return watch
}

/** What `vmferry` says in words. */
async function said(
  ...words: readonly string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await lab.controller.exec(vmferry(...words), { timeout: 60_000 })
  return { code, stdout, stderr }
}

/** Somebody's own client of a monitor of the guest. */
async function client(path = BY_HAND): Promise<Socket> {
  const socket = connect(join(lab.alpha.run, path.slice('/run'.length)))
  await once(socket, 'data')
  socket.write('{"execute":"qmp_capabilities"}\n')
  await once(socket, 'data')
  return socket
}

/** Commands by hand. */
async function told(path: string, ...commands: readonly object[]): Promise<void> {
  const socket = await client(path)
  for (const command of commands) {
    socket.write(`${JSON.stringify(command)}\n`)
    for (let answer = ''; !answer.includes('"return"'); ) {
      answer += String((await once(socket, 'data'))[0])
      expect(answer).not.toContain('"error"')
    }
  }
  socket.destroy()
  await once(socket, 'close')
}

async function bridge(): Promise<LiveProcess> {
  const [found, ...others] = await lab.alpha.processes('python3 -c')
  expect(others).toEqual([])
  if (!found) throw new Error('there is no bridge')
  return found
}

async function untilNoBridge(): Promise<void> {
  while ((await lab.alpha.processes('python3 -c')).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

/** The QEMU runs on alpha as it was, and vmferry has left nothing. */
async function untouched(watch: BeatWatch): Promise<void> {
  const { files, processes } = await leftOn(lab.alpha)
  expect(files).toEqual([])
  expect(processes.filter((line) => !line.includes(BY_HAND))).toEqual([])
  await beatsOn(watch, lab.alpha)
  expect(isWhole(watch.report())).toEqual(WHOLE)
}

test('a QEMU that was started by hand is adopted, moves over ssh and back, and leaves nothing', async () => {
  using watch = await byHand()
  expect(await said(...ADOPT)).toEqual({ code: 0, stdout: `web1 is running on ${ALPHA}\n`, stderr: '' })
  expect((await ferry(lab, 'list', ALPHA)).lines).toMatchObject([{ name: 'web1', state: 'running' }])
  expect((await ferry(lab, 'plan', ALPHA, 'web1', BETA, '--live')).code).toBe(0)
  for (const name of ['web1', 'web2'])
    expect(await said('adopt', ALPHA, name, '--qmp', BY_HAND)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('VM_EXISTS'),
    })

  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')
  expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  expect(await untilNothingOn(lab.alpha)).toEqual(NOTHING)
  // there it is one like any other
  expect(await lab.beta.processes('python3')).toEqual([])
  expect((await ferry(lab, 'migrate', BETA, 'web1', ALPHA, '--live')).code).toBe(0)
  await beatsOn(watch, lab.alpha)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  expect(await stop(lab, ALPHA, 'web1')).toBe(0)
  expect([await untilNothingOn(lab.alpha), await untilNothingOn(lab.beta)]).toEqual([NOTHING, NOTHING])
})

test.each(qemuSeries)('on QEMU %s a guest is adopted and moves', async (series) => {
  const release = await qemuRelease(series)
  for (const host of [lab.alpha, lab.beta]) onTestFinished(await giveQemu(host, release))
  using watch = await byHand()
  expect(await said(...ADOPT)).toMatchObject({ code: 0, stderr: '' })
  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')
  expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  expect(await untilNothingOn(lab.alpha)).toEqual(NOTHING)
})

test('an adopted guest is stopped like any other, and its bridge ends with it', async () => {
  using watch = await byHand()
  expect((await said(...ADOPT)).code).toBe(0)
  await bridge()
  await beatsOn(watch, lab.alpha)
  expect(await stop(lab, ALPHA, 'web1')).toBe(0)
  expect(await untilNothingOn(lab.alpha)).toEqual(NOTHING)
})

test('a guest whose monitor another client has is busy, and is left as it was', async () => {
  using watch = await byHand()
  const holder = await client()
  const { code, stderr } = await said(...ADOPT)
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('VM_BUSY') })
  expect(stderr).toContain(BY_HAND)
  await untouched(watch)
  holder.destroy()
  expect((await said(...ADOPT)).code).toBe(0)
})

test('nobody at the socket, and something that is no monitor, are told apart', async () => {
  expect(await said('adopt', ALPHA, 'web1', '--qmp', '/run/none.sock')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('VM_CONNECTION'),
  })
  using watch = await byHand()
  expect(await said('adopt', ALPHA, 'web1', '--qmp', '/run/hand.beat')).toMatchObject({ code: 1 })
  await untouched(watch)
})

test('what was plugged in while the guest ran is named, all of it, and the guest is left as it was', async () => {
  const disk = join(lab.folder, 'hot.raw')
  await writeFile(disk, Buffer.alloc(1024 ** 2))
  onTestFinished(() => rm(disk))
  using watch = await byHand('-m', '128,slots=2,maxmem=512M')
  await told(
    BY_HAND,
    { execute: 'blockdev-add', arguments: { driver: 'file', filename: disk, 'node-name': 'hot' } },
    { execute: 'device_add', arguments: { driver: 'virtio-blk-pci', drive: 'hot', id: 'hotdisk' } },
    { execute: 'netdev_add', arguments: { type: 'user', id: 'hotnet' } },
    { execute: 'device_add', arguments: { driver: 'virtio-net-pci', netdev: 'hotnet', id: 'hotnic' } },
    { execute: 'object-add', arguments: { 'qom-type': 'memory-backend-ram', id: 'ram1', size: 67_108_864 } },
    { execute: 'device_add', arguments: { driver: 'pc-dimm', memdev: 'ram1', id: 'hotram' } },
  )
  const { code, stderr } = await said(...ADOPT)
  expect(code).toBe(1)
  for (const name of ['VM_PHASE_FAILED', 'hotdisk', 'hotnic', 'hotram', 'device-added', 'memory-added'])
    expect(stderr).toContain(name)
  await untouched(watch)
})

test('what is plugged into an adopted guest keeps it from moving, by name', async () => {
  using watch = await byHand()
  expect((await said(...ADOPT)).code).toBe(0)
  await told(await spareSocket(lab.alpha), {
    execute: 'device_add',
    arguments: { driver: 'virtio-rng-pci', id: 'late' },
  })
  const { code, lines } = await ferry(lab, 'plan', ALPHA, 'web1', BETA, '--live')
  expect(code).toBe(1)
  expect(JSON.stringify(lines)).toContain('device-added')
  const moved = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')
  expect({ code: moved.code, text: JSON.stringify(moved.last) }).toMatchObject({
    code: 1,
    text: expect.stringContaining('late (virtio-rng-pci)'),
  })
  await beatsOn(watch, lab.alpha)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('a guest whose bridge was killed runs on, is adopted again, and then moves', async () => {
  using watch = await byHand()
  expect((await said(...ADOPT)).code).toBe(0)
  process.kill((await bridge()).pid, 'SIGKILL')
  await untilNoBridge()
  await beatsOn(watch, lab.alpha)
  for (const words of [
    ['plan', ALPHA, 'web1', BETA],
    ['migrate', ALPHA, 'web1', BETA, '--live'],
    ['stop', ALPHA, 'web1'],
  ])
    expect(await said(...words)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`adopt ${ALPHA} web1`),
    })
  expect((await said(...ADOPT)).code).toBe(0)
  expect((await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')).code).toBe(0)
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  expect(await untilNothingOn(lab.alpha)).toEqual(NOTHING)
})

test('a copy that is interrupted leaves the adopted guest as it was, and it can move later', async () => {
  using watch = await byHand()
  expect((await said(...ADOPT)).code).toBe(0)
  const slow = ['migrate', ALPHA, 'web1', BETA, '--live', '--bandwidth', '40']
  const { code, last } = await interrupted(lab, slow)
  expect({ code, last }).toMatchObject({ code: 130, last: { outcome: 'rolledBack' } })
  expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
  await beatsOn(watch, lab.alpha)
  expect((await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')).code).toBe(0)
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
  expect(await untilNothingOn(lab.alpha)).toEqual(NOTHING)
})

test('a bridge that is killed in the middle of a copy leads to the guest at one host, never at two', async () => {
  using watch = await byHand()
  expect((await said(...ADOPT)).code).toBe(0)
  const child = lab.controller.spawn(
    vmferry('migrate', ALPHA, 'web1', BETA, '--live', '--bandwidth', '40', '--settle-timeout', '5', '--json'),
  )
  child.stderr?.resume()
  const struck = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      if (String(chunk).includes('"type":"progress"')) resolve()
    })
  })
  const ended = once(child, 'close')
  await struck
  process.kill((await bridge()).pid, 'SIGKILL')
  const [code] = (await ended) as [number]
  expect(code).not.toBe(0)
  await beatsOn(watch, lab.alpha)
  expect((await said(...ADOPT)).code).toBe(0)
  await ferry(lab, 'recover')
  await beatsOn(watch, lab.alpha)
  expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
  expect((await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')).code).toBe(0)
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('without python3 on its host a guest is not adopted, and the error says what to do', async () => {
  using watch = await byHand()
  const { stdout } = await lab.alpha.exec(['which', '-a', 'python3'])
  const places = new Set(
    stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^\/bin\//, '/usr/bin/')),
  )
  expect(places.size).toBeGreaterThan(0)
  for (const path of places) onTestFinished(await lab.alpha.hide(path))
  const { code, stderr } = await said(...ADOPT)
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('VM_UNSUPPORTED') })
  expect(stderr).toContain('install python3')
  await untouched(watch)
})
