import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BeatReport, type BeatWatch, beatGuest, type Lab, type LabHost, watchBeats } from '@vmferry/lab'
import { type QmpClient, qmp } from '@vmferry/qmp'

/** The two hosts as the controller names them. */
export const ALPHA = 'qemu+ssh://root@alpha/system'
export const BETA = 'qemu+ssh://root@beta/system'

const VMFERRY = fileURLToPath(new URL('../bin/vmferry.js', import.meta.url))

/** One line of `--json`. */
export interface Line {
  readonly type: string
  readonly [member: string]: unknown
}

/** How a `vmferry` command ended. */
export interface Ended {
  readonly code: number | null
  readonly lines: readonly Line[]
  readonly last: Line | undefined
  readonly stderr: string
}

/** The command, as it is typed on the controller. */
export function vmferry(...words: readonly string[]): string[] {
  return [process.execPath, VMFERRY, ...words]
}

/** Runs `vmferry … --json` on the controller. */
export async function ferry(lab: Lab, ...words: readonly string[]): Promise<Ended> {
  const { code, stdout, stderr } = await lab.controller.exec(vmferry(...words, '--json'), {
    timeout: 120_000,
  })
  return ended(code, stdout, stderr)
}

/** Runs `vmferry … --json` on the controller, and does something to it once, when it has told so often that bytes move. */
export async function whileMoving(
  lab: Lab,
  words: readonly string[],
  tellings: number,
  strike: (child: { kill(signal: NodeJS.Signals): boolean }) => Promise<void>,
): Promise<Ended> {
  const child = lab.controller.spawn(vmferry(...words, '--json'))
  let [stdout, stderr] = ['', '']
  const struck: Promise<void>[] = []
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)))
  child.stdout?.on('data', (chunk) => {
    stdout += String(chunk)
    const moving = stdout.split('"type":"progress"').length > tellings
    if (moving && struck.length === 0) struck.push(strike(child))
  })
  const [code] = (await once(child, 'close')) as [number | null]
  await Promise.all(struck)
  return ended(code, stdout, stderr)
}

/** The same with SIGINT at the first sign, once `meanwhile` is over. */
export function interrupted(
  lab: Lab,
  words: readonly string[],
  meanwhile: () => Promise<void> = async () => {},
): Promise<Ended> {
  return whileMoving(lab, words, 1, async (child) => {
    await meanwhile().finally(() => child.kill('SIGINT'))
  })
}

export function ended(code: number | null, stdout: string, stderr: string): Ended {
  const lines =
    stdout.trim() === ''
      ? []
      : stdout
          .trim()
          .split('\n')
          .map((line): Line => JSON.parse(line) as Line)
  return { code, lines, last: lines.at(-1), stderr }
}

/** The figures of a migration's last line. */
export function reportIn(last: Line | undefined): {
  downtimeMs: number
  bytesPerSecond: number
  bytes: number
} {
  if (!last) throw new Error('there is no last line')
  return last['report'] as ReturnType<typeof reportIn>
}

/** How big the guest is and how busy. */
export interface GuestSize {
  readonly name: string
  readonly memoryMiB?: number
  readonly fillMiB?: number
  readonly ringMiB?: number
  readonly pagesPerTick?: number
  readonly extra?: readonly string[]
}

/** A guest that runs on alpha and is listened to on both hosts. */
export async function startBeating(lab: Lab, size: GuestSize): Promise<BeatWatch> {
  const { name, memoryMiB = 128, fillMiB = 48, ringMiB = 8, pagesPerTick = 4, extra = [] } = size
  const { argv, beatPath } = await beatGuest({ name, memoryMiB, fillMiB, ringMiB, pagesPerTick, extra })
  const started = await lab.controller.exec(vmferry('start', ALPHA, name, '--', ...argv))
  if (started.code !== 0) throw new Error(`start failed: ${started.stderr}`)
  const watch = watchBeats([
    { host: lab.alpha, path: beatPath },
    { host: lab.beta, path: beatPath },
  ])
  await watch.until((beats) => beats.length > 25)
  return watch
}

/** Where a guest that was started by hand takes commands. */
export const BY_HAND = '/run/hand.sock'

/** A QEMU that somebody started on alpha by hand: in the background, with a monitor of its own, nothing of vmferry's. Where it beats. */
export async function startByHand(lab: Lab, extra: readonly string[] = []): Promise<string> {
  const size = { memoryMiB: 128, fillMiB: 48, ringMiB: 8, pagesPerTick: 4 }
  const { argv, beatPath } = await beatGuest({ name: 'hand', ...size, extra })
  const own = [
    '-name',
    'theirs',
    '-daemonize',
    '-pidfile',
    '/run/hand.pid',
    '-qmp',
    `unix:${BY_HAND},server=on,wait=off`,
  ]
  const { code, stderr } = await lab.alpha.exec([...argv, ...own])
  if (code !== 0) throw new Error(`QEMU did not start: ${stderr}`)
  return beatPath
}

/** Waits until the guest has beaten on that host for a while since now. */
export async function beatsOn(watch: BeatWatch, host: LabHost, count = 50): Promise<void> {
  const from = watch.beats.length
  await watch.until((beats) => beats.slice(from).filter((beat) => beat.host === host.name).length >= count)
}

/** What must be true of every guest, wherever it went. */
export function isWhole({ lost, backwards, doubled, corrupt, cookies }: BeatReport): object {
  return { lost, backwards, doubled, corrupt, boots: cookies.length }
}

/** A guest that never lost a beat, never went back, never ran twice, and whose memory holds. */
export const WHOLE = { lost: 0, backwards: 0, doubled: 0, corrupt: false, boots: 1 }

/** Ends a guest at once; the exit code. */
export async function stop(lab: Lab, uri: string, name: string): Promise<number | null> {
  return (await lab.controller.exec(vmferry('stop', uri, name, '--force'))).code
}

/** Ends all guests on both hosts, whatever a test left. */
export async function stopAll(lab: Lab): Promise<void> {
  for (const uri of [ALPHA, BETA]) {
    for (const { name } of (await ferry(lab, 'list', uri)).lines) await stop(lab, uri, String(name))
  }
}

/** The folders of a host's guests. What begins with a dot is beside them. */
export async function guestFoldersOn({ run }: LabHost): Promise<string[]> {
  return (await readdir(join(run, 'vmferry/qemu'))).filter((file) => !file.startsWith('.'))
}

/** On a host, where its one guest takes the commands of whoever asks. */
export async function spareSocket(host: LabHost): Promise<string> {
  const [id] = await guestFoldersOn(host)
  return `/run/vmferry/qemu/${id}/spare.sock`
}

/** The monitor there. */
export async function spareMonitor(host: LabHost): Promise<QmpClient> {
  const { name, run } = host
  const socket = connect(join(run, (await spareSocket(host)).slice('/run'.length)))
  await once(socket, 'connect')
  return qmp(socket, { host: name })
}

/** What a host still has of vmferry: processes, and files in its run directory. */
export async function leftOn(host: LabHost): Promise<{ processes: string[]; files: string[] }> {
  const processes = await host.processes()
  const folders = await readdir(`${host.run}/vmferry/qemu`, { recursive: true }).catch(() => [])
  // what begins with a dot stays: the epochs, which keep an old controller out, and what QEMUs said of themselves
  const files = folders.filter((file) => !file.startsWith('.'))
  return { processes: processes.map(({ argv }) => argv.join(' ')), files }
}

/** Resolves once a host has nothing of vmferry any more: what stood by for a spawned command goes within a second, what a link that is down has cut off within half a minute. */
export async function untilNothingOn(host: LabHost): Promise<{ processes: string[]; files: string[] }> {
  for (let tries = 0; ; tries += 1) {
    const left = await leftOn(host)
    if (tries > 400 || left.processes.length + left.files.length === 0) return left
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A host on which nothing is left. */
export const NOTHING = { processes: [], files: [] }

/** The names of the guests whose QEMU runs on a host. */
export async function guestsOn(host: LabHost): Promise<string[]> {
  const guests = await host.processes('-qmp unix:')
  return guests.map(({ argv }) => argv[argv.indexOf('-name') + 1] ?? '').toSorted()
}
