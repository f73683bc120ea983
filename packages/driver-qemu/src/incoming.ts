import {
  type CallOptions,
  type CopyState,
  type Incoming,
  type ProcessId,
  sleep,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import type { QmpClient } from '@vmferry/qmp'
import { definitionFromJson } from './definition.ts'
import { logTail, openMonitor } from './guest-process.ts'
import { lateMarker, type Marker } from './mark.ts'
import type { MigrationFile } from './migration-file.ts'
import { monitorHolder } from './monitor-holder.ts'
import type { QemuHost } from './qemu-host.ts'
import { untilGone } from './recorded-process.ts'
import type { GuestFolder } from './run-directory.ts'

/** What belongs to a target's half. */
export interface Arrival {
  readonly folder: GuestFolder
  readonly file: MigrationFile
  /** Null if QEMU was never started. */
  readonly process: ProcessId | null
  readonly ticket: Ticket
}

/** The target's half of a migration, fresh from prepare or found again on the host. */
export function openIncoming(
  at: QemuHost,
  { folder, file, process, ticket }: Arrival,
  first: QmpClient | null,
  marker: Marker = lateMarker(at.host, folder.mayHaveRun),
): Incoming {
  const { host, clock } = at
  const { request, offer } = file
  const staysPaused = request.paused || offer.runState !== 'running'
  const { argv } = definitionFromJson(offer.definition, 'the offer')
  const alone = { signal: new AbortController().signal }
  const monitor = monitorHolder(first, () => openMonitor(host, folder.monitor, alone))

  /** The next migration of this guest needs the monitor. After finish nobody waits for it: it is not part of the downtime. */
  const letGo = async (): Promise<void> => {
    await Promise.allSettled([monitor.drop(), marker.end()])
  }

  return {
    ticket,
    async ready(call) {
      const client = await monitor.get()
      for (;;) {
        // sent together and answered in order: one round trip
        const [{ status: copied, 'error-desc': words }, { running, status }] = await Promise.all([
          client.execute('query-migrate', {}, call),
          client.execute('query-status', {}, call),
        ])
        if (copied === 'failed') throw notLoaded(host.name, words ?? (await logTail(host, folder.log, argv)))
        if (running)
          throw vmError('VM_PHASE_FAILED', `the guest on ${host.name} runs before it was told to (${status})`)
        if (copied === 'completed') return
        await sleep(clock, 5, call.signal)
      }
    },
    async finish(call) {
      const client = await monitor.get()
      await marker.leave(call)
      if (staysPaused) return void letGo()
      // sent together and answered in order: one round trip
      const [, { running, status }] = await Promise.all([
        client.execute('cont', {}, call),
        client.execute('query-status', {}, call),
      ])
      if (!running)
        throw vmError(
          'VM_PHASE_FAILED',
          `QEMU on ${host.name} took the command to run the guest and says ${status}`,
          {
            host: host.name,
            causes: [{ host: host.name, words: await logTail(host, folder.log, argv) }],
          },
        )
      void letGo()
    },
    async abort(_reason, call) {
      const gone = letGo()
      if (process) {
        await host.kill(process, 'KILL', call)
        await untilGone(host, clock, process, 0, call)
      }
      await gone
      await host.remove(folder.path, call)
    },
    inspect: (call) => inspectTarget(at, folder, argv, process, call),
  }
}

async function inspectTarget(
  { host }: QemuHost,
  folder: GuestFolder,
  argv: readonly string[],
  process: ProcessId | null,
  call: CallOptions,
): Promise<CopyState> {
  const marked = async (): Promise<boolean> =>
    (await host.exec(['test', '-e', folder.mayHaveRun], call)).code === 0
  const alive = process !== null && (await host.probe(process, call)) === 'alive'
  const mayHaveRun = await marked()
  if (!alive) {
    const words = await logTail(host, folder.log, argv)
    const evidence = [
      `${process ? `process ${process.pid}` : 'QEMU'} on ${host.name} is gone${words ? `: ${words}` : ''}`,
    ]
    return { run: 'gone', complete: false, mayHaveRun, revivable: false, evidence }
  }
  const client = await openMonitor(host, folder.spareMonitor, call)
  try {
    const [{ status, running }, { status: copied }] = await Promise.all([
      client.execute('query-status', {}, call),
      client.execute('query-migrate', {}, call),
    ])
    const complete = copied === 'completed'
    const evidence = [
      `QEMU (pid ${process.pid}) on ${host.name} says ${status}, its copy ${copied ?? 'has not begun'}`,
    ]
    return { run: running ? 'running' : 'stopped', complete, mayHaveRun, revivable: complete, evidence }
  } finally {
    await client.close()
  }
}

function notLoaded(host: string, words: string): Error {
  return vmError('VM_PHASE_FAILED', `QEMU on ${host} could not load the guest`, {
    host,
    causes: [{ host, words }],
  })
}
