import { expect, test } from 'vitest'
import { listeningSockets, namedBackends, passedDescriptors } from '../src/facts/network.ts'

test.each([
  [['-netdev', 'bridge,id=n0'], [{ kind: 'bridge', name: 'br0' }]],
  [['-netdev', 'bridge,id=n0,br=lan'], [{ kind: 'bridge', name: 'lan' }]],
  [['-nic', 'tap,br=lan,model=virtio'], [{ kind: 'bridge', name: 'lan' }]],
  [['-netdev', 'tap,id=n0,ifname=vnet3,script=no'], [{ kind: 'tap', name: 'vnet3' }]],
  [['-netdev', '{"type":"bridge","id":"n0","br":"lan"}'], [{ kind: 'bridge', name: 'lan' }]],
  [['-chardev', 'socket,id=c0,path=/run/vhost.sock'], [{ kind: 'socket', name: '/run/vhost.sock' }]],
  // what QEMU makes for itself
  [['-netdev', 'tap,id=n0,ifname=vnet3'], []],
  [['-netdev', 'user,id=n0', '-nic', 'none'], []],
  [['-chardev', 'socket,id=c0,path=/run/serial.sock,server=on,wait=off'], []],
  [['-chardev', 'socket,id=c0,path=/run/serial.sock,server,nowait'], []],
  [['-netdev', '{"type":'], []],
] as const)('%j connects the guest to %j', (words, backends) => {
  expect(namedBackends(['qemu-system-x86_64', ...words])).toEqual(backends)
})

test.each([
  [['-netdev', 'tap,id=n0,fd=3'], ['tap,id=n0,fd=3']],
  [['-netdev', 'tap,id=n0,fds=3:4,vhostfds=5:6'], ['tap,id=n0,fds=3:4,vhostfds=5:6']],
  [['-drive', 'file=/dev/fdset/1,format=raw'], ['file=/dev/fdset/1,format=raw']],
  [['-netdev', '{"type":"tap","id":"n0","fd":"3"}'], ['{"type":"tap","id":"n0","fd":"3"}']],
  [['-device', 'virtio-net,netdev=n0,id=fd=off'], []],
  [['-drive', 'file=/images/fd.img'], []],
] as const)('%j has the descriptors %j', (words, descriptors) => {
  expect(passedDescriptors(['qemu-system-x86_64', ...words])).toEqual(descriptors)
})

test.each([
  [['-chardev', 'socket,id=c0,path=/run/serial.sock,server=on,wait=off'], ['/run/serial.sock']],
  [['-chardev', 'socket,id=c0,path=/run/serial.sock,server,nowait'], ['/run/serial.sock']],
  [['-chardev', 'socket,id=c0,path=/run/vhost.sock'], []],
  [['-chardev', 'socket,id=c0,host=localhost,port=4,server=on'], []],
] as const)('%j listens at %j', (words, paths) => {
  expect(listeningSockets(['qemu-system-x86_64', ...words])).toEqual(paths)
})
