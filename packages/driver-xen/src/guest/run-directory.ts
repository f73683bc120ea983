import { type ConnectionUri, vmError } from '@vmferry/core/driver'

/** Longest path of the run directory: what is below it stays well under the limits of paths and command lines. */
const LONGEST = 200

/** Where `xen:///` and `?run=` keep the records of migrations. VM_INVALID for a URI that this driver does not know. */
export function runDirectoryOf(uri: ConnectionUri): string {
  const { run = '/run/vmferry/xen', ...others } = uri.query
  const [unknown] = Object.keys(others)
  if (unknown !== undefined)
    throw vmError(
      'VM_INVALID',
      `${uri.text} has a parameter '${unknown}' that the Xen driver does not know`,
      {
        remedy: 'the parameter is run=/absolute/path',
      },
    )
  if (uri.path !== '/' && uri.path !== '')
    throw vmError('VM_INVALID', `${uri.text} has a path, and a Xen host has none`, {
      remedy: 'write xen:/// or xen+ssh://root@host/',
    })
  if (!isPlainPath(run))
    throw vmError(
      'VM_INVALID',
      `${uri.text}: the run directory ${JSON.stringify(run)} is not a plain absolute path`,
      {
        remedy: `use letters, digits and _ . / + - only, at most ${LONGEST}`,
      },
    )
  return run.replace(/\/+$/, '')
}

/** A path that can stand in a command line of a shell as it is. */
export function isPlainPath(path: string): boolean {
  return /^\/[A-Za-z0-9_./+-]+$/.test(path) && !path.split('/').includes('..') && path.length <= LONGEST + 60
}

/** The files of one half of a migration on its host. */
export interface HalfFolder {
  /** That of the migration. */
  readonly id: string
  readonly path: string
  /** What xl said, and what the process that carries its stream said. */
  readonly xlLog: string
  readonly carrierLog: string
  /** `pid starttime bootid` of the processes. */
  readonly sender: string
  readonly receiver: string
  readonly listener: string
  readonly carrier: string
  readonly deadMan: string
  /** Made when the source's xl has its transport. */
  readonly holder: string
  /** The receiver's first words. */
  readonly banner: string
  /** At which port of TCP the listener is. */
  readonly port: string
}

export function halfFolder(runDirectory: string, id: string): HalfFolder {
  const path = `${runDirectory}/${id}`
  return {
    id,
    path,
    xlLog: `${path}/xl.log`,
    carrierLog: `${path}/carrier.log`,
    sender: `${path}/sender`,
    receiver: `${path}/receiver`,
    listener: `${path}/listener`,
    carrier: `${path}/carrier`,
    deadMan: `${path}/dead-man`,
    holder: `${path}/holder`,
    banner: `${path}/banner`,
    port: `${path}/port`,
  }
}
