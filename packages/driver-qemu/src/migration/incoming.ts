import {
  type CallOptions,
  type CopyState,
  type EffectOptions,
  type Incoming,
  type ProcessId,
  sleep,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import { end, type Fence, type MigrationFile, mark, remove, type Step } from '@vmferry/fence'
import type { QmpClient, StatusInfo } from '@vmferry/qmp'
import { living, tell, unmake } from '../fence/step.ts'
import { definitionFromJson } from '../guest/definition.ts'
import type { Guest } from '../guest/list.ts'
import { logTail } from '../guest/process.ts'
import type { GuestFolder } from '../guest/run-directory.ts'
import { guestState } from '../guest/state.ts'
import type { QemuHost } from '../qemu-host.ts'
import type { CopiedDisk } from '../storage/disks.ts'
import { closeImages } from '../storage/serve.ts'
import { wantsTls } from '../tls/half.ts'
import { PLAINTEXT } from '../tls/steps.ts'
import { paused } from './drain.ts'
import { watchEnding } from './ending.ts'
import { setGuestClock } from './guest-clock.ts'
import { listenedAt } from './listening.ts'
import { hasGoneOver } from './post-copy.ts'

/** What belongs to a target's half. */
export interface Arrival {
  /** Its name here. */
  readonly domain: string
  readonly folder: GuestFolder
  readonly file: MigrationFile
  /** Null if QEMU was never started. */
  readonly process: ProcessId | null
  readonly ticket: Ticket
  /** What is copied to images of this host. */
  readonly disks: readonly CopiedDisk[]
}

/** What a target's half has at hand that comes fresh from prepare: its fence has a shell on the host. */
export interface Prepared {
  readonly monitor: QmpClient
  readonly fence: Fence
}

/**
 * The steps of finish: a look whether QEMU is there, for it may have died since, the mark, then the one action, then a look at what came of it. All can be repeated. What opened the
 * stream is taken from QEMU once the guest runs: it is not part of the downtime, and this QEMU may have to send by itself. In
 * post-copy it stays: the rest comes through it.
 */
function commitSteps(file: MigrationFile): Commit {
  const { request } = file
  const forget = wantsTls(request) && !request.postCopy ? PLAINTEXT : []
  return [living(), mark(), tell(willRun(file) ? 'cont' : 'query-status'), tell('query-status'), ...forget]
}

/** A guest that was paused stays so, and one that is to arrive paused. */
function willRun({ request, offer }: MigrationFile): boolean {
  return !request.paused && offer.runState === 'running'
}

/** Milliseconds: five packets within a second and a half, as QEMU sends them by itself. */
const ANNOUNCEMENT = { initial: 50, max: 550, rounds: 5, step: 100 }

/** Milliseconds. */
const MOMENT = 20

/** Milliseconds. Nobody waits for it. */
const ANNOUNCE_LIMIT = 10_000

type Commit = readonly [Step<null>, Step<null>, Step, Step<StatusInfo>, ...Step[]]

/** The target's half of a migration: fresh from prepare, or found again on the host with nothing at hand. */
export function openIncoming(
  at: QemuHost,
  { domain, folder, file, process, ticket, disks }: Arrival,
  prepared: Prepared | null,
): Incoming {
  const { host, clock } = at
  const fence = prepared?.fence ?? at.fences.of(domain, folder.path)
  const definition = definitionFromJson(file.offer.definition, 'the offer')
  const { argv } = definition
  const monitor = prepared?.monitor ?? null
  const ending = monitor && watchEnding(monitor)

  /** QEMU has announced the guest's addresses when it was loaded, which may be long ago. Only a guest that runs. */
  const announced = async ({ migration, epoch, permit }: EffectOptions): Promise<void> => {
    if (!willRun(file)) return
    const call = { migration, epoch, permit, signal: AbortSignal.timeout(ANNOUNCE_LIMIT) }
    await fence.act([tell('announce-self', ANNOUNCEMENT)], call).catch(() => {})
  }

  return {
    ticket,
    dial: (endpoint, call) => host.dial(ticket.endpoints[endpoint] ?? '', call),
    async ready(call) {
      // it says so itself, a moment after the source
      if (ending) await Promise.race([ending.reached, sleep(clock, MOMENT, call.signal)])
      while (!ending?.isCopied()) {
        const [{ running, status }, info] = await guestState(monitor, fence, call)
        const { status: copied, 'error-desc': words } = info
        if (copied === 'failed') throw notLoaded(host.name, words ?? (await logTail(host, folder.log, argv)))
        if (running)
          throw vmError('VM_PHASE_FAILED', `the guest on ${host.name} runs before it was told to (${status})`)
        if (copied === 'completed') break
        if (hasGoneOver(info) && status !== 'inmigrate') return
        await sleep(clock, 5, call.signal)
      }
      await closeImages(fence, disks, folder.storageSocket, call)
    },
    async finish(call) {
      const [, , , { running, status }] = await fence.act(commitSteps(file), call)
      if (!running && willRun(file))
        throw vmError(
          'VM_PHASE_FAILED',
          `QEMU on ${host.name} took the command to run the guest and says ${status}`,
          {
            host: host.name,
            causes: [{ host: host.name, words: await logTail(host, folder.log, argv) }],
          },
        )
      // the next migration of this guest needs it; nobody waits, as this is not part of the downtime
      void monitor?.close()
      void announced(call).then(fence.leave)
      if (willRun(file)) at.afterwards.add(setGuestClock(at, fence, { ...definition, name: domain }))
    },
    async reopen(call) {
      const info = await paused({ fence }, clock, call)
      const again = listenedAt(info, folder, file)
      await fence.act([tell('migrate-recover', { uri: again.uri })], call)
      return again.ticket
    },
    async abort(_reason, call) {
      try {
        await fence.act([end('process', 0), unmake(), remove()], call)
      } finally {
        await Promise.all([monitor?.close(), fence.leave()])
      }
    },
    inspect: (call) => inspectTarget(at, fence, folder, argv, process, call),
  }
}

async function inspectTarget(
  { host }: QemuHost,
  fence: Fence,
  folder: GuestFolder,
  argv: readonly string[],
  process: ProcessId | null,
  call: CallOptions,
): Promise<CopyState> {
  const alive = process !== null && (await host.probe(process, call)) === 'alive'
  // asked after its end: until then it may yet be told to run
  const mayHaveRun = (await host.exec(['test', '-e', folder.mayHaveRun], call)).code === 0
  if (!alive) {
    const words = await logTail(host, folder.log, argv)
    const evidence = [
      `${process ? `process ${process.pid}` : 'QEMU'} on ${host.name} is gone${words ? `: ${words}` : ''}`,
    ]
    return { run: 'gone', complete: false, mayHaveRun, revivable: false, evidence }
  }
  const [{ status, running }, info] = await guestState(null, fence, call)
  const { status: copied } = info
  const complete = copied === 'completed'
  const canRun = complete || (hasGoneOver(info) && status !== 'inmigrate')
  // one that refused the stream, as for its certificate, may listen on
  const words = complete ? '' : await logTail(host, folder.log, argv)
  const evidence = [
    `QEMU (pid ${process.pid}) on ${host.name} says ${status}, its copy ${copied ?? 'has not begun'}${words ? `: ${words}` : ''}`,
  ]
  return { run: running ? 'running' : 'stopped', complete, mayHaveRun, revivable: canRun, evidence }
}

/** Whether a guest runs here, or could, of which post-copy has not brought everything yet. */
export async function lacksPages(
  at: QemuHost,
  { definition, folder, incoming, alive }: Guest,
  call: CallOptions,
): Promise<boolean> {
  if (!incoming?.request.postCopy || !alive) return false
  const [, copied] = await guestState(null, at.fences.of(definition.name, folder.path), call)
  return hasGoneOver(copied)
}

function notLoaded(host: string, words: string): Error {
  return vmError('VM_PHASE_FAILED', `QEMU on ${host} could not load the guest`, {
    host,
    causes: [{ host, words }],
  })
}
