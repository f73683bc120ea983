import { access, constants } from 'node:fs/promises'
import { runCommand } from './command.ts'

const packages = {
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  mount: 'mount',
  umount: 'mount',
  hostname: 'hostname',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  sshd: 'openssh-server',
} as const

/** The directories in which the lab looks for programs: the PATH and those that an ordinary user's PATH may lack. */
export function searchPath(): string {
  return [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(':')
}

/** The full path of a program, or undefined. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of searchPath().split(':')) {
    if (folder === '') continue
    const path = `${folder}/${name}`
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable) return path
  }
  return undefined
}

/** A sentence that names the missing programs and the Debian packages they come from, or null. */
export async function missingPrograms(wanted: Readonly<Record<string, string>>): Promise<string | null> {
  const found = await Promise.all(Object.keys(wanted).map((name) => findProgram(name)))
  const missing = Object.keys(wanted).filter((_, index) => found[index] === undefined)
  if (missing.length === 0) return null
  const from = [...new Set(missing.map((name) => wanted[name]))]
  return `missing here: ${missing.join(', ')} (apt-get install ${from.join(' ')})`
}

/** Why no lab can be made on this machine, as a sentence, or null when one can. */
export async function labProblem(): Promise<string | null> {
  if (process.platform !== 'linux') return `a lab needs Linux, this is ${process.platform}`
  if (process.getuid?.() !== 0) return `a lab needs root, this is user ${process.getuid?.()}`
  const missing = await missingPrograms(packages)
  if (missing !== null) return missing
  const link = ['ip', 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two']
  const probe = await runCommand(
    ['unshare', '--net', '--mount', '--uts', '--propagation', 'private', ...link],
    {
      env: { PATH: searchPath() },
    },
  )
  return probe.code === 0
    ? null
    : `this machine allows no network namespace with a veth pair: ${probe.stderr.trim()}`
}

/** Why something cannot be had, as a sentence that begins with what there is none of, or null. */
export function problemOf(without: string, made: Promise<unknown>): Promise<string | null> {
  return made.then(
    () => null,
    (error: unknown) => `${without}: ${error instanceof Error ? error.message : String(error)}`,
  )
}
