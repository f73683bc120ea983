import type { XenHostName } from './xen-network.ts'
import { linkAddresses, otherHost } from './xen-network.ts'

/** MiB of a host, and of them dom0's; Xen itself takes about 60, and guests have the rest. */
const hostMiB = 1152
const dom0MiB = 448

/**
 * What QEMU 7.2 emulates and Xen trips over. smap: dom0 dies at its first return to a program. xsave and what builds on it: a
 * guest's registers show up in dom0's programs. rdtscp: a PVH guest crashes at its first use.
 */
const cpu = 'max,smap=off,xsave=off,avx=off,avx2=off,fma=off,f16c=off,sha-ni=off,rdtscp=off'

const dom0Words = ['console=hvc0', 'quiet', 'loglevel=4', 'rootfstype=ramfs', 'random.trust_cpu=on']
  .concat(['tsc=reliable', 'mitigations=off'])
  .join(' ')

const xenWords = ['console=com1', 'com1=115200,8n1', `dom0_mem=${dom0MiB}M,max:${dom0MiB}M`]
  .concat(['loglvl=warning', 'guest_loglvl=warning', 'noreboot', 'spec-ctrl=no', 'xpti=no', 'bootscrub=off'])
  .join(' ')

/**
 * QEMU's command line for a Xen host, to be run in the folder of a lab: `xen`, `linux` and `dom0.cpio` are there, and so are
 * the sockets of the link. `port` of this machine leads to the host's sshd. It dies with the process that starts it.
 */
export function xenMachine(name: XenHostName, port: number): string[] {
  const address = linkAddresses[name]
  const number = address.slice(-1)
  const own = `lab_host=${name} lab_address=${address} lab_time=${Math.floor(Date.now() / 1000)}`
  const control = `user,id=control,restrict=on,hostfwd=tcp:127.0.0.1:${port}-10.0.2.15:22`
  const ends = `local.type=unix,local.path=${name}.link,remote.type=unix,remote.path=${otherHost(name)}.link`
  const card = (network: string, kind: number): string =>
    `virtio-net-pci,netdev=${network},mac=52:54:00:99:0${kind}:0${number},romfile=`
  return ['setpriv', '--pdeathsig', 'KILL', 'qemu-system-x86_64', '-name', `vmferry-xen-${name}`]
    .concat(['-accel', 'tcg,thread=multi,tb-size=256', '-cpu', cpu, '-machine', 'pc,hpet=off'])
    .concat([
      '-smp',
      '1',
      '-m',
      `${hostMiB}`,
      '-display',
      'none',
      '-nodefaults',
      '-no-user-config',
      '-no-reboot',
    ])
    .concat(['-kernel', 'xen', '-initrd', `linux ${dom0Words} ${own},dom0.cpio`, '-append', xenWords])
    .concat(['-netdev', control, '-device', card('control', 0)])
    .concat(['-netdev', `dgram,id=link,${ends}`, '-device', card('link', 1)])
    .concat(['-device', 'virtio-rng-pci', '-serial', `file:${name}.console`])
}
