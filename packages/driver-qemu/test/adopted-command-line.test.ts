import { expect, test } from 'vitest'
import { cleanCommandLine } from '../src/adoption/command-line.ts'

const QEMU = '/usr/bin/qemu-system-x86_64'

test.each([
  [
    ['-daemonize', '-pidfile', '/run/q.pid', '-S', '-m', '64'],
    ['-m', '64'],
  ],
  [
    ['-name', 'theirs,debug-threads=on', '-uuid', 'x', '-m', '64'],
    ['-m', '64'],
  ],
  [['--incoming', 'defer', '-D', 'q.log', '-no-reboot'], ['-no-reboot']],
  [['-qmp', 'unix:/q,server=on', '-monitor', 'stdio', '-nodefaults'], ['-nodefaults']],
  [['-chardev', 'socket,id=m,path=/q,server=on', '-mon', 'chardev=m,mode=control'], []],
  [['-chardev', 'socket,id=m,path=/q,server=on', '-qmp', 'chardev:m'], []],
  [
    ['-chardev', 'stdio,id=m,mux=on', '-mon', 'm', '-serial', 'chardev:m'],
    ['-chardev', 'stdio,id=m,mux=on', '-serial', 'chardev:m'],
  ],
  [
    ['-chardev', 'null,id=m', '-device', 'isa-serial,chardev=m', '-mon', 'm'],
    ['-chardev', 'null,id=m', '-device', 'isa-serial,chardev=m'],
  ],
  [
    ['-run-with', 'async-teardown=on', '-smp', '2'],
    ['-smp', '2'],
  ],
])('of %j what belongs to the process alone is left out', (given, kept) => {
  expect(cleanCommandLine([QEMU, ...given], '/')).toEqual({ argv: [QEMU, ...kept], refused: [] })
})

test.each([
  [
    ['-kernel', 'linux'],
    ['-kernel', '/srv/linux'],
  ],
  [
    ['-drive', 'file=a,,b.raw,format=raw,readonly'],
    ['-drive', 'file=/srv/a,,b.raw,format=raw,readonly'],
  ],
  [
    ['-drive', 'disk.raw,if=virtio'],
    ['-drive', 'file=/srv/disk.raw,if=virtio'],
  ],
  [['disk.raw'], ['-hda', '/srv/disk.raw']],
  [
    ['-blockdev', 'driver=file,node-name=f,filename=x.raw'],
    ['-blockdev', 'driver=file,node-name=f,filename=/srv/x.raw'],
  ],
  [
    ['-netdev', 'tap,id=n,script=no,downscript=down.sh'],
    ['-netdev', 'tap,id=n,script=no,downscript=/srv/down.sh'],
  ],
  [
    ['-object', 'memory-backend-file,id=m,size=1G,mem-path=ram'],
    ['-object', 'memory-backend-file,id=m,size=1G,mem-path=/srv/ram'],
  ],
  [
    ['-drive', 'file=nbd:unix:/x,if=virtio', '-bios', 'OVMF.fd', '-device', 'e1000,romfile=r.rom'],
    ['-drive', 'file=nbd:unix:/x,if=virtio', '-bios', 'OVMF.fd', '-device', 'e1000,romfile=r.rom'],
  ],
  [
    ['-chardev', 'socket,id=c,path=name,abstract=on'],
    ['-chardev', 'socket,id=c,path=name,abstract=on'],
  ],
])('of %j relative paths become absolute, and nothing else changes', (given, whole) => {
  expect(cleanCommandLine([QEMU, ...given], '/srv')).toEqual({ argv: [QEMU, ...whole], refused: [] })
})

test('a binary is found where it was started from, unless PATH finds it', () => {
  expect(cleanCommandLine(['./qemu'], '/srv').argv).toEqual(['/srv/./qemu'])
  expect(cleanCommandLine(['qemu'], '/srv').argv).toEqual(['qemu'])
})

test.each([
  [['-daemonize', '-kernel', 'linux'], /^linux is a relative path/],
  [['-readconfig', 'q.cfg'], /^-readconfig q.cfg: a part of its command line is in a file/],
  [['-add-fd', 'fd=3,set=1'], /^-add-fd fd=3,set=1: an open file/],
  [['-runas', 'nobody'], /^-runas nobody/],
  [['-chroot', '/jail'], /^-chroot/],
  [['-run-with', 'chroot=/jail'], /^-run-with/],
  [['-loadvm', 'one'], /snapshot/],
  [['-snapshot'], /without a name/],
  [['-drive', 'file=/x,snapshot=on'], /without a name/],
  [['-serial', 'unix:s.sock,server=on'], /names s.sock, a relative path/],
  [['-blockdev', '{"driver":"file","filename":"x.raw"}'], /names x.raw, a relative path/],
])('%j cannot be had once more, and is refused by name', (given, reason) => {
  const { refused } = cleanCommandLine([QEMU, ...given], '/srv')
  expect(refused).toHaveLength(1)
  expect(refused[0]).toMatch(reason)
})

test('everything that stands in the way is told at once', () => {
  expect(cleanCommandLine([QEMU, '-snapshot', '-chroot', '/j', '-loadvm', 'a'], '/').refused).toHaveLength(3)
})

test.each([
  [
    ['/lib64/ld-linux-x86-64.so.2', '--library-path', '/l', '--argv0', 'qemu-kvm', '/q/qemu', '-S'],
    ['qemu-kvm'],
  ],
  [
    ['/lib64/ld-linux-x86-64.so.2', '--inhibit-cache', '/q/qemu', '-m', '64'],
    ['/q/qemu', '-m', '64'],
  ],
  [['/lib/ld.so', '/q/qemu'], ['/q/qemu']],
])('the loader in %j is no part of the guest', (given, kept) => {
  expect(cleanCommandLine(given, '/')).toEqual({ argv: kept, refused: [] })
})

test('a process that is no QEMU, as something that passes commands on, is refused by its name', () => {
  expect(cleanCommandLine(['socat', 'UNIX-LISTEN:/q', 'UNIX:/r'], '/').refused).toEqual([
    'the process that listens there is socat, and no QEMU by its name',
  ])
})
