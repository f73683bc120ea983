import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ArchiveEntry } from '../archive.ts'
import { initialRamDisk } from '../archive.ts'
import { buildXenBeat } from './xen-guest.ts'
import type { XenImage } from './xen-image.ts'
import type { XenKeys } from './xen-keys.ts'
import { linkAddresses, xenHostNames } from './xen-network.ts'

const FOLDERS = ['dev', 'modules', 'proc', 'run', 'sys', 'tmp', 'var', 'var/lib', 'var/log', 'etc/xen']

const LINKS = { 'usr/bin/awk': 'mawk', 'var/run': '/run', 'var/lock': '/run/lock' }

const TEXTS: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nsshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n',
  'etc/shadow': 'root:*:19000:0:99999:7:::\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n',
  'etc/inittab': '::respawn:/bin/sleep 1000000\n',
  'etc/xen/xl.conf': 'autoballoon="off"\n',
  'etc/hosts': [
    '127.0.0.1 localhost',
    ...xenHostNames.map((name) => `${linkAddresses[name]} ${name}`),
    '',
  ].join('\n'),
  'etc/ssh/sshd_config': [
    'HostKey /etc/ssh/ssh_host_ed25519_key',
    'UsePAM no',
    'UseDNS no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'MaxStartups 100',
    'PrintMotd no',
    'Subsystem sftp /usr/lib/openssh/sftp-server',
    '',
  ].join('\n'),
  'root/.ssh/config': 'BatchMode yes\nStrictHostKeyChecking yes\n',
}

/** What the lab adds to dom0's root: its first process, its settings and keys, and what a guest boots with. */
export async function dom0Files(image: XenImage, keys: XenKeys): Promise<ArchiveEntry[]> {
  const ours = (name: string): string => fileURLToPath(new URL(`../../guests/${name}`, import.meta.url))
  const key = (name: string): string => join(keys.identity, '..', name)
  const modules = (await readdir(image.modules)).toSorted()
  const guest = initialRamDisk([
    folder('dev'),
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
    folder('bin'),
    await file('bin/busybox', image.busybox, 0o100755),
    await file('init', ours('xen/guest-init'), 0o100755),
  ])
  return [
    ...FOLDERS.map((name) => folder(name)),
    folder('root', 0o040700),
    folder('root/.ssh', 0o040700),
    ...Object.entries(TEXTS).map(([name, text]) => ({ name, mode: 0o100644, content: Buffer.from(text) })),
    await file('root/.ssh/id_ed25519', keys.identity),
    await file('root/.ssh/authorized_keys', `${keys.identity}.pub`),
    await file('root/.ssh/known_hosts', keys.knownHosts),
    ...(await Promise.all(xenHostNames.map((name) => file(`etc/ssh/${name}`, key(name))))),
    ...(await Promise.all(modules.map((name) => file(`modules/${name}`, join(image.modules, name))))),
    await file('init', ours('xen/dom0-init'), 0o100755),
    ...Object.entries(LINKS).map(([name, to]) => ({ name, mode: 0o120777, content: Buffer.from(to) })),
    { name: 'lab/initrd', mode: 0o100644, content: guest },
    await file('lab/beat', await buildXenBeat()),
  ]
}

const folder = (name: string, mode = 0o040755): ArchiveEntry => ({ name, mode })

async function file(name: string, path: string, mode = 0o100600): Promise<ArchiveEntry> {
  return { name, mode, content: await readFile(path) }
}
