import { expect, test } from 'vitest'
import { memoryOf } from '../src/domain.ts'
import {
  checkCommandLine,
  deviceModels,
  namedFiles,
  openMonitors,
  optionsNamed,
  withMachineType,
} from '../src/guest/command-line.ts'
import { launchArguments } from '../src/guest/definition.ts'
import { formatOptionList, optionValue, parseOptionList } from '../src/guest/option-list.ts'
import { guestFolder } from '../src/guest/run-directory.ts'
import { withoutSecrets } from '../src/guest/secret-words.ts'

const QEMU = 'qemu-system-x86_64'

test.each([
  [
    [QEMU, '-machine', 'pc'],
    [QEMU, '-machine', 'pc-i440fx-7.2'],
  ],
  [
    [QEMU, '-machine', 'pc,accel=kvm:tcg'],
    [QEMU, '-machine', 'pc-i440fx-7.2,accel=kvm:tcg'],
  ],
  [
    [QEMU, '-M', 'type=pc,usb=off'],
    [QEMU, '-M', 'pc-i440fx-7.2,usb=off'],
  ],
  [
    [QEMU, '--machine', 'pc'],
    [QEMU, '--machine', 'pc-i440fx-7.2'],
  ],
  [
    [QEMU, '-machine', 'q35', '-machine', 'pc'],
    [QEMU, '-machine', 'q35', '-machine', 'pc-i440fx-7.2'],
  ],
  [
    [QEMU, '-m', '64'],
    [QEMU, '-m', '64', '-machine', 'pc-i440fx-7.2'],
  ],
])('the running machine type takes the place of the alias in %j', (given, pinned) => {
  expect(withMachineType(given, 'pc-i440fx-7.2')).toEqual(pinned)
})

test.each([
  [[], /does not start with a QEMU binary/],
  [['-machine', 'pc'], /does not start with a QEMU binary/],
  [[QEMU, '-name', 'x'], /must not have -name/],
  [[QEMU, '--incoming', 'defer'], /must not have --incoming/],
  [[QEMU, '-daemonize'], /must not have -daemonize/],
  [[QEMU, '-append', 'a\0b'], /word 3 of the command line contains a NUL/],
])('the command line %j is refused, naming the word', (argv, message) => {
  expect(() => checkCommandLine(argv)).toThrow(message)
})

test('the models of devices are found in both of QEMU’s forms', () => {
  const argv = [
    QEMU,
    '-device',
    'virtio-blk-pci,drive=d0',
    '-device',
    '{"driver":"e1000","id":"n0"}',
    '-device',
    'driver=rtl8139',
  ]
  expect(deviceModels(argv)).toEqual(['virtio-blk-pci', 'e1000', 'rtl8139'])
})

test('the files are found with what may be written: drives, nodes, kernels; not what is no file', () => {
  const argv = [
    QEMU,
    '-drive',
    'file=/img/a,,b.raw,format=raw,if=none,id=boot,readonly=on',
    '-drive',
    'file=/img/data.qcow2,if=virtio',
    '-drive',
    'file=nbd:unix:/x,if=virtio',
    '-blockdev',
    'driver=file,node-name=f0,filename=/img/node.raw',
    '-blockdev',
    '{"driver":"raw","read-only":true,"file":{"driver":"file","filename":"/img/json.raw"}}',
    '-kernel',
    '/boot/vmlinuz',
    '-cdrom',
    '/img/cd.iso',
    '-hda',
    '/img/hda',
    '-drive',
    'if=none,id=empty',
  ]
  expect(namedFiles(argv).toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: '/boot/vmlinuz', writable: false },
    { path: '/img/a,b.raw', writable: false },
    { path: '/img/cd.iso', writable: false },
    { path: '/img/data.qcow2', writable: true },
    { path: '/img/hda', writable: true },
    { path: '/img/json.raw', writable: false },
    { path: '/img/node.raw', writable: true },
  ])
})

test.each([
  ['512', 512 * 1024 ** 2],
  ['size=1G,slots=2', 1024 ** 3],
  ['1.5g', 1.5 * 1024 ** 3],
  ['4096k', 4096 * 1024],
  ['lots', null],
])('-m %s is read as %s bytes', (size, bytes) => {
  expect(memoryOf([QEMU, '-m', size])).toBe(bytes)
})

test('without -m a guest has QEMU’s default of 128 MiB', () => {
  expect(memoryOf([QEMU])).toBe(128 * 1024 ** 2)
})

test('an option list keeps doubled commas, implied keys and bare flags', () => {
  const options = parseOptionList('a,,b,x=1,,2,flag', 'file')
  expect(options).toEqual([
    ['file', 'a,b'],
    ['x', '1,2'],
    ['flag', 'on'],
  ])
  expect(formatOptionList(options)).toBe('file=a,,b,x=1,,2,flag=on')
  expect(optionValue(parseOptionList('a=1,a=2', 'x'), 'a')).toBe('2')
})

test('a guest is started with its name, one uuid, a fence and two monitors; a target is stopped and waits', () => {
  const definition = {
    name: 'web1',
    uuid: '6f1e2d3c-0000-4000-8000-000000000001',
    argv: [QEMU, '-uuid', 'OLD', '-m', '64'],
  }
  const folder = guestFolder('/run/q', 'd-1')
  expect(launchArguments(definition, folder, false)).toEqual([
    QEMU,
    '-m',
    '64',
    '-name',
    'web1',
    '-uuid',
    definition.uuid,
    '-chardev',
    'pipe,id=vmferry-fence,path=/run/q/d-1/fence',
    '-mon',
    'chardev=vmferry-fence,mode=control',
    '-qmp',
    'unix:/run/q/d-1/qmp.sock,server=on,wait=off',
    '-qmp',
    'unix:/run/q/d-1/spare.sock,server=on,wait=off',
  ])
  expect(launchArguments(definition, folder, true).slice(-3)).toEqual(['-S', '-incoming', 'defer'])
  expect(optionsNamed(launchArguments(definition, folder, true), 'uuid')).toEqual([definition.uuid])
})

test.each([
  [['-qmp', 'tcp:0.0.0.0:4444,server=on,wait=off'], ['tcp:0.0.0.0:4444']],
  [['--monitor', 'telnet:127.0.0.1:5555,server'], ['telnet:127.0.0.1:5555']],
  [['-qmp-pretty', 'websocket::80'], ['websocket::80']],
  [['-incoming', 'tcp:[::]:4444'], ['tcp:[::]:4444']],
  [['-serial', 'mon:tcp::4444,server=on'], ['tcp::4444']],
  [['-chardev', 'socket,id=m,host=0.0.0.0,port=1,server=on', '-mon', 'm,mode=control'], ['tcp:0.0.0.0:1']],
  [['-chardev', 'socket,id=m,port=1', '-mon', 'chardev=m'], ['tcp::1']],
  [['-chardev', 'socket,id=serial,port=1,server=on', '-mon', 'other'], []],
  [
    ['-qmp', 'unix:/run/q.sock,server=on', '-monitor', 'stdio', '-serial', 'tcp::4444', '-incoming', 'defer'],
    [],
  ],
  [['-chardev', 'socket,id=m,path=/run/tcp:1', '-mon', 'm'], []],
])('a monitor that the network can reach is found in %j', (words, found) => {
  expect(openMonitors([QEMU, ...words])).toEqual(found)
})

test.each([
  [
    ['-object', 'secret,id=s,data=open sesame'],
    '-object secret,id=s,data=open sesame: no',
    '-object secret,id=s,data=***: no',
  ],
  [['-object', 'secret,id=s,data=a,,bcd'], "data=a,,bcd: 'a,bcd' is bad", "data=***: '***' is bad"],
  [['-iscsi', 'user=me,password=hunter22'], 'me has hunter22', 'me has ***'],
  [['-drive', 'driver=http,proxy-password=hunter22'], 'hunter22!', '***!'],
  [['-drive', 'file=https://me:hunter22@h/x'], 'https://me:hunter22@h/x', 'https://me:***@h/x'],
  [['-object', '{"qom-type":"secret","data" : "hun\\"ter"}'], 'got "hun\\"ter"', 'got "***"'],
  [['-spice', 'password-secret=s0,port=1'], 's0 and password-secret', 's0 and password-secret'],
  [['-vnc', ':0,password=on'], 'on and on', 'on and on'],
])('of %j QEMU’s words lose what is secret', (words, said, told) => {
  expect(withoutSecrets(said, [QEMU, ...words])).toBe(told)
})
