import { readFileSync } from 'node:fs'
import type { ChardevInfo } from '@vmferry/qmp'
import { expect, test } from 'vitest'
import { driftFindings, type Present, refuseBlockers } from '../src/facts/drift.ts'

interface Recorded extends Omit<Present, 'processors'> {
  readonly cpus: readonly unknown[]
}

const recorded = JSON.parse(
  readFileSync(new URL('fixtures/drift.json', import.meta.url), 'utf8'),
) as Readonly<Record<'before' | 'after', Recorded>>
const [before, after] = [recorded.before, recorded.after].map(
  (state): Present => ({ ...state, processors: state.cpus.length }),
) as [Present, Present]

/** The command line that was recorded. */
const ARGV =
  `qemu-system-x86_64 -nodefaults -display none -m 64,slots=2,maxmem=256M -smp 1,maxcpus=2 -accel tcg -S -machine pc
-qmp unix:/img/q,server=on,wait=off -drive file=/img/a.raw,format=raw,if=none,id=d0 -device virtio-blk-pci,drive=d0,id=vd0
-drive file=/img/b.raw,format=raw,if=virtio -blockdev driver=file,node-name=f0,filename=/img/c.iso
-blockdev raw,node-name=r0,file=f0,read-only=on -device ide-cd,drive=r0,id=cd0 -cdrom /img/d.iso -netdev user,id=n0
-device e1000,netdev=n0,id=nic0 -device virtio-rng-pci -usb -usbdevice tablet -chardev null,id=c0 -device isa-serial,chardev=c0`.split(
    /\s+/,
  )

function found(argv: readonly string[], now: Present): string[] {
  return driftFindings("'web1' on alpha", argv, now).map(({ severity, code, message }) => {
    expect(message).toContain("'web1' on alpha")
    return `${severity} ${code}: ${message}`
  })
}

test('a guest that is what it was started as has no findings', () => {
  expect(found(ARGV, before)).toEqual([])
})

test('what was plugged, inserted, ejected and switched is found, each by its name', () => {
  const told = found(ARGV, after)
  const all: readonly (readonly [string, ...string[]])[] = [
    ['blocker device-added', 'hot0 (virtio-blk-pci)'],
    ['blocker device-added', 'hotnic (virtio-net-pci)'],
    ['blocker device-added', 'device[3] (virtio-balloon-pci)'],
    ['blocker memory-added', 'dimm0'],
    ['blocker processor-added', 'cpu1'],
    ['blocker medium-changed', 'd0', '/img/snap.qcow2'],
    ['blocker medium-changed', 'cd0', '/img/n.iso'],
    ['blocker medium-changed', '/img/d.iso', 'no longer'],
    ['warning chardev-added', 'late'],
  ]
  for (const words of all)
    expect(told.filter((line) => words.every((word) => line.includes(word)))).toHaveLength(1)
  expect(told).toHaveLength(all.length)
})

test('a device, an unnamed device and a processor that are there no longer are found', () => {
  const gone = {
    ...before,
    processors: 1,
    peripheral: before.peripheral.filter(({ name }) => name !== 'nic0'),
    anonymous: before.anonymous.filter(({ name }) => name !== 'device[0]'),
  }
  const argv = ARGV.map((word) => (word === '1,maxcpus=2' ? 'sockets=1,cores=2' : word))
  expect(found(argv, gone).map((line) => line.split(':')[0])).toEqual([
    'blocker device-removed',
    'blocker device-removed',
    'blocker processor-removed',
  ])
  expect(found(argv, gone).join()).toContain('nic0 (e1000)')
})

test('a node’s medium that was ejected is found by its device', () => {
  const drives = before.drives.map(({ inserted, ...drive }) =>
    drive.qdev === 'cd0' ? drive : { ...drive, ...(inserted && { inserted }) },
  )
  expect(found(ARGV, { ...before, drives })).toEqual([expect.stringContaining('the drive cd0')])
})

test('a job on a disk keeps the guest where it is', () => {
  const job = { type: 'backup', device: 'd0' } as Present['jobs'][number]
  expect(found(ARGV, { ...before, jobs: [job] })).toEqual([
    expect.stringContaining("block-job: the QEMU of 'web1' on alpha has a backup job on d0"),
  ])
})

test.each([
  ['{"driver":"virtio-blk-pci","drive":"d0","id":"vd0"}', 'virtio-blk-pci,drive=d0,id=vd0'],
  ['driver=virtio-blk-pci,drive=d0,id=vd0', 'virtio-blk-pci,drive=d0,id=vd0'],
])('the device %s is the one that is there', (form, given) => {
  expect(
    found(
      ARGV.map((word) => (word === given ? form : word)),
      before,
    ),
  ).toEqual([])
})

test('devices that QEMU unplugs itself for a migration are not missed', () => {
  const primary = ['-device', 'vfio-pci,host=1:0.0,id=primary,failover_pair_id=nic0']
  expect(found([...ARGV, ...primary], before)).toEqual([])
  expect(found([...ARGV, ...primary.map((word) => word.split(',failover')[0] ?? '')], before)).toHaveLength(1)
})

test('a file that QEMU knows by a relative path is the one of the absolute path, and no other', () => {
  const drives = before.drives.map((drive) => ({
    ...drive,
    ...(drive.inserted && {
      inserted: { ...drive.inserted, file: drive.inserted.file.replace('/img/', '') },
    }),
  }))
  expect(found(ARGV, { ...before, drives })).toEqual([])
  const other = ARGV.map((word) =>
    word.replace('/img/a.raw', '/img/ba.raw').replace('/img/c.iso', '/img/cc.iso'),
  )
  expect(found(other, { ...before, drives })).toHaveLength(2)
})

test('character devices that QEMU names itself are no findings', () => {
  const labels = ['serial0', 'parallel0', 'compat_monitor1', 'vc0', 'serial0-base', 'c0-base']
  const chardevs = labels.map((label): ChardevInfo => ({ label, filename: 'null', 'frontend-open': false }))
  expect(found(ARGV, { ...before, chardevs })).toEqual([])
})

test('all that stands in the way is in one error, and warnings are not', () => {
  const findings = driftFindings("'web1' on alpha", ARGV, after)
  const blockers = findings.filter(({ severity }) => severity === 'blocker')
  const refuse = (some: typeof findings) => () => refuseBlockers('it cannot be adopted', 'alpha', some)
  expect(refuse(findings.filter(({ severity }) => severity === 'warning'))).not.toThrow()
  expect(refuse(findings)).toThrow(/^it cannot be adopted: .*dimm0.*; .*hot0/)
  expect(refuse(findings)).toThrow(
    expect.objectContaining({
      code: 'VM_PHASE_FAILED',
      causes: blockers.map(({ code, message }) => ({ host: 'alpha', words: `${code}: ${message}` })),
    }),
  )
})
