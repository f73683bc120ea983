import {
  type CopyState,
  type EffectOptions,
  isVmError,
  type Outgoing,
  sleep,
  type Ticket,
  type Tuning,
  vmError,
} from '@vmferry/core/driver'
import type { MigrationParameters, QmpClient } from '@vmferry/qmp'
import { cancelCopy, copyGuest, setLimits } from './copy.ts'
import type { Guest } from './guest-list.ts'
import { logTail, openMonitor } from './guest-process.ts'
import type { MigrationFile } from './migration-file.ts'
import { monitorHolder } from './monitor-holder.ts'
import type { QemuHost } from './qemu-host.ts'
import { untilGone } from './recorded-process.ts'
import { sshDestination } from './ssh.ts'
import { endTunnel, startTunnel, stopTunnel } from './tunnel.ts'

/** How long a QEMU that was asked to quit may take before it is killed. */
const QUIT_LIMIT = 5_000

/** The source's half of a migration, fresh from begin or found again on the host. */
export function openOutgoing(
  at: QemuHost,
  guest: Guest,
  file: MigrationFile,
  first: QmpClient | null,
): Outgoing {
  const { host, clock } = at
  const { folder, process } = guest
  const { offer, request } = file
  const alone = { signal: new AbortController().signal }
  const monitor = monitorHolder(first, () => openMonitor(host, folder.monitor, alone))

  /** What was changed while the way to the target was still being made. */
  let tuned: Pick<Tuning, 'bandwidth' | 'maxDowntime'> = {}

  const dataPath = async ({ transport, endpoints }: Ticket, call: EffectOptions): Promise<string> => {
    const ram = endpoints['ram'] ?? ''
    if (transport !== 'ssh') return transport === 'unix' ? `unix:${ram}` : `tcp:${ram}`
    const to = sshDestination(request)
    if (!to) throw vmError('VM_PHASE_FAILED', 'nothing tells where the ssh of the source goes')
    await startTunnel(host, folder, to, ram, call)
    return `unix:${folder.tunnelSocket}`
  }
  const isGone = async (call: { readonly signal: AbortSignal }): Promise<boolean> =>
    !process || (await host.probe(process, call)) === 'gone'

  /** Back to how begin found it; a failed or cancelled migration has resumed a live guest already. */
  const revive = async (client: QmpClient, call: EffectOptions): Promise<void> => {
    await cancelCopy(client, clock)
    const { running } = await client.execute('query-status', {}, call)
    if (offer.runState === 'running' && !running) await client.execute('cont', {}, call)
  }

  return {
    offer,
    async perform(ticket, _dial, call) {
      const client = await monitor.get()
      await host.writeFile(folder.outgoing, JSON.stringify({ ...file, phase: 'perform' }), call)
      const to = await dataPath(ticket, call)
      try {
        return await copyGuest(
          client,
          { host: host.name, clock, to, request: { ...request, ...tuned } },
          call,
        )
      } catch (error) {
        throw await withTunnelWords(at, ticket, guest, error)
      }
    },
    async handOver(call) {
      const client = await monitor.get()
      let { status } = await client.execute('query-status', {}, call)
      // the migration may be called completed a moment before the run state follows (seen on QEMU 7.2)
      for (let tries = 0; status === 'finish-migrate' && tries < 500; tries += 1) {
        await sleep(clock, 2, call.signal)
        status = (await client.execute('query-status', {}, call)).status
      }
      if (status !== 'postmigrate')
        throw vmError(
          'VM_PHASE_FAILED',
          `the guest on ${host.name} should be stopped after the copy, but is ${status}`,
          {
            host: host.name,
            remedy: 'somebody else gave this QEMU a command: find out who',
          },
        )
    },
    async confirm(call) {
      const quit = async (): Promise<void> => {
        if (!process) return
        const client = await monitor.get().catch(() => null)
        await client?.execute('quit', {}, { ...call, timeout: QUIT_LIMIT }).catch(() => {})
        await untilGone(host, clock, process, client ? QUIT_LIMIT : 0, call)
      }
      await Promise.all([quit(), stopTunnel(host, clock, folder, call)])
      await monitor.drop()
      await host.remove(folder.path, call)
    },
    async abort(_reason, call) {
      const gone = await isGone(call)
      if (!gone) await revive(await monitor.get(), call)
      await endTunnel(host, clock, folder, call)
      await monitor.drop()
      await host.remove(folder.outgoing, call)
      if (gone)
        throw vmError('VM_PHASE_FAILED', `the QEMU of '${offer.domain}' on ${host.name} is gone`, {
          host: host.name,
          causes: [{ host: host.name, words: await logTail(host, folder.log, guest.definition.argv) }],
        })
    },
    inspect: (call) => inspectSource(at, guest, call),
    async tune(change, call) {
      const parameters = parametersOf(change)
      tuned = { ...tuned, ...change }
      await setLimits(await monitor.get(), parameters, call)
    },
  }
}

/** What the host knows of the source's copy, asked on the spare monitor so that no migration is disturbed. */
async function inspectSource(
  { host }: QemuHost,
  guest: Guest,
  call: { signal: AbortSignal },
): Promise<CopyState> {
  const { process, folder } = guest
  const pid = process?.pid
  const gone: CopyState = {
    run: 'gone',
    complete: false,
    mayHaveRun: true,
    revivable: false,
    evidence: [`process ${pid} on ${host.name} is gone`],
  }
  if (!process || (await host.probe(process, call)) === 'gone') return gone
  const client = await openMonitor(host, folder.spareMonitor, call)
  try {
    const { status, running } = await client.execute('query-status', {}, call)
    const evidence = [`QEMU (pid ${pid}) on ${host.name} says ${status}`]
    return {
      run: running ? 'running' : 'stopped',
      complete: true,
      mayHaveRun: true,
      revivable: true,
      evidence,
    }
  } finally {
    await client.close()
  }
}

/** A tunnel that broke knows more than QEMU, which sees only a closed socket. */
async function withTunnelWords(
  { host }: QemuHost,
  { transport }: Ticket,
  { folder }: Guest,
  error: unknown,
): Promise<unknown> {
  if (transport !== 'ssh' || !isVmError(error, 'VM_PHASE_FAILED')) return error
  const words = await logTail(host, folder.tunnelLog)
  return words
    ? Object.assign(error, { causes: [...error.causes, { host: host.name, words: `ssh: ${words}` }] })
    : error
}

function parametersOf({ bandwidth, maxDowntime, postCopy }: Tuning): MigrationParameters {
  if (postCopy) throw vmError('VM_UNSUPPORTED', 'the QEMU driver does not go over to post-copy')
  return {
    // for QEMU 0 is no limit, as here
    ...(bandwidth !== undefined && { 'max-bandwidth': Math.round(bandwidth) }),
    ...(maxDowntime !== undefined && { 'downtime-limit': Math.round(maxDowntime) }),
  }
}
