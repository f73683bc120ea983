import { type Clock, type EffectOptions, sleep, vmError } from '@vmferry/core/driver'
import { type Fence, type Step } from '@vmferry/fence'
import type { BlockJobInfo, QmpClient } from '@vmferry/qmp'
import { commandsOf } from '../facts/running.ts'
import { attempt, tell } from '../fence/step.ts'
import { TLS_CREDENTIALS } from '../tls/steps.ts'
import type { NbdServer } from '../transport/data-path.ts'
import type { CopiedDisk } from './disks.ts'
import { perDisk, shares } from './share.ts'

/** The limit on all that is written to the target's disks: not a name that a user would think of. */
const THROTTLE = 'vmferry-disks'

/** Milliseconds between two looks: often at first, as small disks are soon there. */
const POLL = { first: 100, later: 500, firstFor: 3_000, last: 2 }

/** Bytes. QEMU's own is 16 MiB, which it sends at once whatever the limit (measured on 10.0). */
const LIMITED_FLIGHT = 2 ** 20

/** Bytes of the disks so far, holes included, and what is left of them. */
export interface DiskFigures {
  readonly bytes: number
  readonly remaining: number
}

/** The copy of a guest's disks, from its start to the switchover. */
export interface StorageCopy {
  readonly disks: readonly CopiedDisk[]
  /** Copies all disks; resolves once each writes at the target what the guest writes, for as long as memory is copied. */
  copy(onFigures: (figures: DiskFigures) => void, call: EffectOptions): Promise<void>
  /** How far they are. VM_PHASE_FAILED if the copy of one has failed. */
  look(call: EffectOptions): Promise<DiskFigures>
  /** Ends the copy of a guest that stands still, and then does that. VM_PHASE_FAILED, and not that, if a disk lacks a byte. */
  finish(then: Step, call: EffectOptions): Promise<void>
  /** What makes QEMU obey another limit from now on: bytes per second for disks and memory together. */
  limited(limit: number): readonly Step[]
}

/** Where the disks of a guest go, and by what they get there. */
export interface StorageOrder {
  readonly host: string
  readonly clock: Clock
  readonly disks: readonly CopiedDisk[]
  /** The target's NBD server, as the source reaches it. */
  readonly to: NbdServer
  /** Bytes per second; 0: no limit. */
  limit(): number
}

/** Everything is copied once; what is written meanwhile, too; the same beside the memory; and the end. */
type State = 'copying' | 'following' | 'beside' | 'ending'

/**
 * Each disk is a mirror job over NBD. In the background first; once as much has been copied as there was, a write of the guest
 * is done when it is done at the target too, so that the copy cannot fall behind. A QEMU before 8.2 can only do that from the
 * start.
 */
export function mirrors(fence: Fence, monitor: QmpClient, order: StorageOrder): StorageCopy {
  const { disks, clock, host } = order
  let state: State = 'copying'

  const jobs = async ({ signal }: EffectOptions): Promise<readonly BlockJobInfo[]> => {
    const known = await monitor.execute('query-block-jobs', {}, { signal })
    const other = known.find(({ device }) => !disks.some(({ id }) => id === device))
    if (other) throw strange(other, host)
    return disks.map(({ id, path }) => {
      const job = known.find(({ device }) => device === id)
      const early = state !== 'ending' && job?.status === 'concluded'
      if (!job || early || job.error !== undefined) throw broken(path, host, job?.error)
      return job
    })
  }

  const figuresOf = (known: readonly BlockJobInfo[]): DiskFigures => {
    const bytes = known.reduce((sum, { offset }) => sum + Number(offset), 0)
    return { bytes, remaining: known.reduce((sum, { len }) => sum + Number(len), 0) - bytes }
  }

  const limited = (limit: number): readonly Step[] => {
    if (disks.length === 0) return []
    if (state !== 'copying') return [throttled(state === 'following' ? limit : shares(limit).disks)]
    const speed = perDisk(limit, disks.length)
    return disks.map(({ id }) => attempt('block-job-set-speed', { device: id, speed }))
  }

  return {
    disks,
    limited,
    async look(call) {
      return disks.length === 0 ? NO_DISKS : figuresOf(await jobs(call))
    },
    async copy(onFigures, call) {
      if (disks.length === 0) return
      const changes = (await commandsOf(monitor, call.signal)).has('block-job-change')
      const mode = changes ? 'background' : 'write-blocking'
      await fence.act([...forgetting(disks), ...starting(order, mode)], call)
      const from = clock.monotonic()
      const first = (await jobs(call)).map(({ len }) => Number(len))
      const until = async (done: (job: BlockJobInfo, at: number) => boolean): Promise<void> => {
        for (;;) {
          const known = await jobs(call)
          onFigures(figuresOf(known))
          if (known.every(done)) return
          const early = clock.monotonic() - from < POLL.firstFor
          await sleep(clock, early ? POLL.first : POLL.later, call.signal)
        }
      }
      await until(({ ready, offset }, at) => ready || (changes && Number(offset) >= (first[at] ?? 0)))
      state = 'following'
      const follow = disks.map(({ id }) =>
        tell('block-job-change', { id, type: 'mirror', 'copy-mode': 'write-blocking' }),
      )
      await fence.act([...limited(order.limit()), ...(changes ? follow : [])], call)
      await until((job) => job.ready && job['actively-synced'] !== false)
      state = 'beside'
      await fence.act(limited(order.limit()), call)
    },
    async finish(then, call) {
      state = 'ending'
      // of one that is ready this is its end, not its failure
      await fence.act(
        disks.map(({ id }) => tell('block-job-cancel', { device: id })),
        call,
      )
      while (!(await jobs(call)).every(({ status }) => status === 'concluded'))
        await sleep(clock, POLL.last, call.signal)
      const ended = disks.flatMap(({ id }) => [
        tell('job-dismiss', { id }),
        tell('blockdev-del', { 'node-name': id }),
      ])
      await fence.act([...ended, then], call)
    },
  }
}

/** A guest without disks that are copied, or none any more. */
export const NO_DISKS: DiskFigures = { bytes: 0, remaining: 0 }

function starting({ disks, to: { server, name }, limit }: StorageOrder, mode: string): readonly Step[] {
  const speed = perDisk(limit(), disks.length)
  return [
    tell('object-add', { 'qom-type': 'throttle-group', id: THROTTLE }),
    ...disks.flatMap(({ id, connection, node }) => [
      tell('blockdev-add', {
        driver: 'throttle',
        'node-name': id,
        'throttle-group': THROTTLE,
        discard: 'unmap',
        file: {
          driver: 'nbd',
          'node-name': connection,
          server,
          ...(name !== null && { 'tls-creds': TLS_CREDENTIALS, 'tls-hostname': name }),
          export: id,
          discard: 'unmap',
        },
      }),
      tell('blockdev-mirror', {
        'job-id': id,
        device: node,
        target: id,
        // the target's image is empty: what the source has not allocated need not be written there
        sync: 'top',
        'copy-mode': mode,
        'auto-dismiss': false,
        speed,
        // a limited job sends as much as it may have in flight, and then waits
        ...(speed > 0 && { 'buf-size': LIMITED_FLIGHT }),
      }),
    ]),
  ]
}

/** The speed of a job does not hold for what the guest writes, so the way is limited once a job has only that. */
function throttled(bytesPerSecond: number): Step {
  const value = { 'bps-write': bytesPerSecond }
  return attempt('qom-set', { path: `/objects/${THROTTLE}`, property: 'limits', value })
}

/** Breaks the connections, so that no write of the guest waits for a target that does not answer. The jobs fail then. */
export function yanking(disks: readonly CopiedDisk[]): readonly Step[] {
  return disks.map(({ connection }) =>
    attempt('yank', { instances: [{ type: 'block-node', 'node-name': connection }] }),
  )
}

function forgetting(disks: readonly CopiedDisk[]): readonly Step[] {
  return [
    ...disks.flatMap(({ id }) => [
      attempt('job-dismiss', { id }),
      attempt('blockdev-del', { 'node-name': id }),
    ]),
    attempt('object-del', { id: THROTTLE }),
  ]
}

/** Ends the copy of disks wherever it stands, also one whose controller is gone. The guest's own disks are not touched. */
export async function endMirrors(
  fence: Fence,
  clock: Clock,
  disks: readonly CopiedDisk[],
  call: EffectOptions,
): Promise<void> {
  if (disks.length === 0) return
  const cancelled = disks.map(({ id }) => attempt('block-job-cancel', { device: id, force: true }))
  await fence.act([...yanking(disks), ...cancelled], call)
  for (;;) {
    const [known] = await fence.ask([tell('query-block-jobs')], call)
    const ours = known.filter(({ device }) => disks.some(({ id }) => id === device))
    if (ours.every(({ status }) => status === 'concluded')) break
    await sleep(clock, 20, call.signal)
  }
  const off = [{ capability: 'pause-before-switchover', state: false }]
  await fence.act([...forgetting(disks), attempt('migrate-set-capabilities', { capabilities: off })], call)
}

/** It would write to the disk of a guest that has moved. */
function strange({ type, device }: BlockJobInfo, host: string): Error {
  return vmError(
    'VM_PHASE_FAILED',
    `somebody began a ${type} job on ${device} on ${host} while the disks are copied`,
    {
      host,
      remedy: 'let that job end, or end it, then migrate again',
    },
  )
}

function broken(path: string, host: string, words = 'its job has ended'): Error {
  return vmError('VM_PHASE_FAILED', `the copy of ${path} from ${host} has failed: ${words}`, {
    host,
    causes: [{ host, words }],
    remedy: 'see to what the words name, then migrate again; the guest runs on its own disk',
  })
}
