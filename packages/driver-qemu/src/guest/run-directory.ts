import { type ConnectionUri, vmError } from '@vmferry/core/driver'

/** Longest path of a UNIX socket on Linux, without its final NUL (unix(7)). */
const SOCKET_PATH_LIMIT = 107

/** The longest file name that a guest's folder holds below the run directory. */
const LONGEST = '/m-0123456789abcdef/migrate.sock'

/** Where `qemu:///system`, `qemu:///session` and `?run=` keep their guests; null where only the host itself can tell. */
export function runDirectoryOf(uri: ConnectionUri): string | null {
  const { run, tls: _tls, ...others } = uri.query
  const [unknown] = Object.keys(others)
  if (unknown !== undefined)
    throw vmError(
      'VM_INVALID',
      `${uri.text} has a parameter '${unknown}' that the QEMU driver does not know`,
      {
        remedy: 'the parameters are run=/absolute/path and tls=/absolute/path',
      },
    )
  if (uri.path !== '/system' && uri.path !== '/session')
    throw vmError('VM_INVALID', `${uri.text} does not say which guests it means`, {
      remedy: 'end it in /system (guests of the host, as root) or /session (guests of the user)',
    })
  if (run !== undefined) return checkedRunDirectory(run, uri)
  return uri.path === '/system' ? '/run/vmferry/qemu' : null
}

/** Whether it is an absolute path that is one word wherever it goes. */
export function isPlainPath(path: unknown): path is string {
  return typeof path === 'string' && /^\/[A-Za-z0-9_./+-]+$/.test(path) && !path.split('/').includes('..')
}

/** The path, if QEMU's option syntax and the limit on socket paths allow it. */
export function checkedRunDirectory(path: string, uri: ConnectionUri): string {
  if (!isPlainPath(path))
    throw vmError(
      'VM_INVALID',
      `${uri.text}: the run directory ${JSON.stringify(path)} is not a plain absolute path`,
      {
        remedy: 'use letters, digits and _ . / + - only',
      },
    )
  const trimmed = path.replace(/\/+$/, '')
  if (Buffer.byteLength(trimmed + LONGEST) > SOCKET_PATH_LIMIT)
    throw vmError('VM_INVALID', `${uri.text}: the run directory ${path} is too long for the sockets in it`, {
      remedy: `at most ${SOCKET_PATH_LIMIT - LONGEST.length} characters`,
    })
  return trimmed
}

/** The files of one guest process. The folder is keyed by id, so that source and target on one host never meet. */
export interface GuestFolder {
  readonly id: string
  readonly path: string
  /** {@link import('./definition.ts').Definition} as JSON. */
  readonly definition: string
  /** `pid starttime bootid` of the QEMU process. */
  readonly process: string
  /** QMP for migrations. */
  readonly monitor: string
  /** QMP for everybody who only asks. */
  readonly spareMonitor: string
  /** QMP for whatever changes something: two FIFOs, with `.in` and `.out` added. */
  readonly fence: string
  readonly log: string
  readonly outgoing: string
  readonly incoming: string
  /** Left before this copy is first told to run, so that later readers know that it may have. */
  readonly mayHaveRun: string
  /** Where an incoming migration listens. */
  readonly migrationSocket: string
  /** Until its ssh has it as its standard input. */
  readonly tunnelInput: string
  /** Where the disks of an incoming migration come in. */
  readonly storageSocket: string
  readonly tunnelSocket: string
  /** The way to the target's {@link GuestFolder.storageSocket}. */
  readonly disksSocket: string
  readonly tunnelProcess: string
  readonly tunnelLog: string
  /** Identity of the process that cancels a copy whose controller is lost. */
  readonly deadMan: string
  /** Identity of the process that stands between an adopted QEMU's one monitor and the files above. */
  readonly bridge: string
  readonly bridgeLog: string
  /** Path of that monitor. */
  readonly adopted: string
}

export function guestFolder(runDirectory: string, id: string): GuestFolder {
  const path = `${runDirectory}/${id}`
  return {
    id,
    path,
    definition: `${path}/definition.json`,
    process: `${path}/process`,
    monitor: `${path}/qmp.sock`,
    spareMonitor: `${path}/spare.sock`,
    fence: `${path}/fence`,
    log: `${path}/log`,
    outgoing: `${path}/outgoing.json`,
    incoming: `${path}/incoming.json`,
    mayHaveRun: `${path}/may-have-run`,
    migrationSocket: `${path}/migrate.sock`,
    tunnelInput: `${path}/tunnel.in`,
    storageSocket: `${path}/nbd.sock`,
    tunnelSocket: `${path}/tunnel.sock`,
    disksSocket: `${path}/disks.sock`,
    tunnelProcess: `${path}/tunnel`,
    tunnelLog: `${path}/tunnel.log`,
    deadMan: `${path}/dead-man`,
    bridge: `${path}/bridge`,
    bridgeLog: `${path}/bridge.log`,
    adopted: `${path}/adopted`,
  }
}
