import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beatGuest, giveQemu, type Lab, openLab, qemuRelease } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ALPHA, BETA, beatsOn, ferry, guestsOn, startBeating, stop, stopAll, vmferry } from './lab-guest.ts'

let lab: Lab
const undo: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  lab = await openLab()
})
afterEach(async () => {
  await stopAll(lab)
  for (const back of undo.splice(0).toReversed()) await back()
  for (const { run } of [lab.alpha, lab.beta]) await rm(join(run, 'disks'), { recursive: true, force: true })
})
afterAll(() => lab?.close())

/** What a plan says of the guest, by severity and code. */
async function planned(...options: readonly string[]) {
  const { code, last, stderr } = await ferry(lab, 'plan', ALPHA, 'web1', BETA, ...options)
  const findings = [...JSON.stringify(last).matchAll(/"severity":"(\w+)","code":"([a-z-]+)"/g)]
  return { code, stderr, findings: findings.map(([, severity, finding]) => `${severity} ${finding}`) }
}

/** A command that must do. */
async function done(host: Lab['alpha'], ...argv: readonly string[]): Promise<void> {
  const { code, stderr } = await host.exec(argv)
  if (code !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
}

const UUID = '6f1d2b64-5c1f-4c79-a6c8-0d6f3a1b2c3d'

test('all that stands in the way is told at once, by the plan and by a migration that is tried all the same', async () => {
  const [newer, older] = await Promise.all([qemuRelease('10.0'), qemuRelease('7.2')])
  undo.push(await giveQemu(lab.alpha, newer), await giveQemu(lab.beta, older))
  for (const host of [lab.alpha, lab.beta]) {
    await mkdir(join(host.run, 'disks'), { recursive: true })
    await writeFile(join(host.run, 'disks/own.img'), Buffer.alloc(2 ** 20, host.name))
  }
  await writeFile(join(lab.alpha.run, 'disks/cd.iso'), Buffer.alloc(2 ** 20))
  const tap = (id: number, more = ''): string[] => [
    '-netdev',
    `tap,id=n${id},ifname=vmf${id},script=no,downscript=no${more}`,
    '-device',
    `virtio-net-pci,netdev=n${id}`,
  ]
  const extra = [
    ['-uuid', UUID, '-monitor', 'tcp:127.0.0.1:4444,server=on,wait=off'],
    ['-vnc', 'unix:/run/web1.vnc,password=on'],
    ['-drive', 'file=/run/disks/own.img,format=raw,if=virtio'],
    ['-drive', 'file=/run/disks/cd.iso,format=raw,if=virtio,readonly=on'],
    tap(1),
    tap(2, ',br=vmfbr'),
    ['-object', 'memory-backend-file,id=shm,size=1M,mem-path=/run/web1.shm,share=on'],
    ['-device', 'ivshmem-plain,memdev=shm,master=off'],
  ]
  using watch = await startBeating(lab, { name: 'web1', extra: extra.flat() })
  const twin = ['qemu-system-x86_64', '-accel', 'tcg', '-m', '32', '-nodefaults', '-display', 'none']
  await done(lab.controller, ...vmferry('start', BETA, 'web2', '--', ...twin, '-uuid', UUID))
  const memory = (await lab.beta.exec(['cat', '/proc/meminfo'])).stdout
  const little = memory.replace(/^MemAvailable:.*$/m, 'MemAvailable:      51200 kB')
  undo.push(await lab.beta.replace('/proc/meminfo', little))
  undo.push(await lab.beta.replace('/usr/bin/date', '#!/bin/sh\necho 1000000000000\n', 0o755))

  const { code, findings } = await planned()
  expect({ code, findings: findings.toSorted() }).toEqual({
    code: 1,
    findings: [
      'blocker bridge-missing',
      'blocker device-blocks-migration',
      'blocker file-missing',
      'blocker file-not-shared',
      'blocker machine-type-missing',
      'blocker not-enough-memory',
      'blocker uuid-taken',
      'warning clock-skew',
      'warning open-monitor',
      'warning qemu-older',
      'warning tap-missing',
      'warning vnc-password',
    ],
  })
  const { code: tried, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA)
  expect({ tried, last }).toMatchObject({ tried: 1, last: { outcome: 'rolledBack' } })
  const words = JSON.stringify(last)
  for (const named of ['vmfbr', 'peer mode', '/run/disks/cd.iso', '/run/disks/own.img', 'pc-i440fx-10.0'])
    expect(words).toContain(named)
  expect(words).toContain(`the uuid ${UUID} is taken by 'web2'`)
  expect(words).toContain('50 MiB of memory available')
  expect([await guestsOn(lab.alpha), await guestsOn(lab.beta)]).toEqual([['web1'], ['web2']])
  await beatsOn(watch, lab.alpha)
  await stop(lab, BETA, 'web2')
})

test('disks that cannot be copied are refused by what they are', async () => {
  const { folder } = await qemuRelease('10.0')
  const at = '/run/disks'
  for (const { run } of [lab.alpha, lab.beta]) await mkdir(join(run, 'disks'), { recursive: true })
  const img = (...words: readonly string[]): Promise<void> => done(lab.alpha, `${folder}/qemu-img`, ...words)
  const secret = ['--object', 'secret,id=key,data=for-a-test']
  await img('create', '-q', '-f', 'raw', `${at}/base.img`, '1M')
  await img('create', '-q', '-f', 'qcow2', '-b', `${at}/base.img`, '-F', 'raw', `${at}/chain.img`)
  await img('create', '-q', '-f', 'vmdk', `${at}/format.img`, '1M')
  await img('create', '-q', '-f', 'qcow2', `${at}/snapshot.img`, '1M')
  await img('snapshot', '-c', 'before', `${at}/snapshot.img`)
  await img('create', '-q', '-f', 'qcow2', '-o', `data_file=${at}/data.raw`, `${at}/data.img`, '1M')
  const luks = 'encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10'
  await img('create', '-q', ...secret, '-f', 'qcow2', '-o', luks, `${at}/luks.img`, '1M')
  await img('create', '-q', '-f', 'raw', `${at}/offset.img`, '2M')
  const drives = [
    `file=${at}/chain.img,format=qcow2`,
    `file=${at}/format.img,format=vmdk`,
    `file=${at}/snapshot.img,format=qcow2`,
    `file=${at}/data.img,format=qcow2`,
    `file=${at}/luks.img,format=qcow2,encrypt.key-secret=key`,
    `driver=raw,offset=4096,file.driver=file,file.filename=${at}/offset.img`,
  ].flatMap((drive) => ['-drive', `${drive},if=virtio`])
  const extra = ['-object', 'secret,id=key,data=for-a-test', ...drives]
  using watch = await startBeating(lab, { name: 'web1', extra })
  const { code, findings } = await planned('--copy-storage')
  expect(code).toBe(1)
  for (const kind of ['backing-chain', 'format', 'snapshots', 'data-file', 'encrypted', 'options'])
    expect(findings).toContain(`blocker disk-${kind}`)
  await beatsOn(watch, lab.alpha)
})

const noKvm = existsSync('/dev/kvm') ? null : 'this machine has no /dev/kvm'

test.skipIf(noKvm !== null)(`a guest on KVM is not sent to a host without it ${noKvm ?? ''}`, async () => {
  const size = { memoryMiB: 64, fillMiB: 16, ringMiB: 4, pagesPerTick: 2 }
  const { argv } = await beatGuest({ name: 'web1', accel: 'kvm', ...size })
  await done(lab.controller, ...vmferry('start', ALPHA, 'web1', '--', ...argv))
  expect((await planned()).code).toBe(0)
  undo.push(await lab.beta.hide('/dev/kvm'))
  const { code, findings } = await planned()
  expect({ code, findings }).toMatchObject({
    code: 1,
    findings: expect.arrayContaining(['blocker accelerator-missing']),
  })
})
