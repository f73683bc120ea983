import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '@vmferry/lab'
import type { QmpClient } from '@vmferry/qmp'
import type { Way } from './contender.ts'
import { RAW, rawMonitor, startRaw } from './raw-guest.ts'

/** Milliseconds of the bare sequence. */
export interface RawTimes {
  /** Until `migrate` is sent. */
  readonly setupMs: number
  /** Until QEMU has announced the end of the copy. */
  readonly copyMs: number
  /** Until the target has taken `cont`. */
  readonly contMs: number
  /** All of it. */
  readonly callMs: number
}

const longestWait = 20_000

/**
 * What an expert would type, and nothing beyond it: no check, no record, no verdict, no way back. The monitors are
 * dialled directly, not over ssh, which makes it a floor that no controller on another machine reaches.
 */
export async function migrateRaw(lab: Lab, way: Way, argv: readonly string[]): Promise<RawTimes> {
  const from = performance.now()
  startRaw(lab.beta, argv, ['-S', '-incoming', way === 'ssh' ? `unix:${RAW.incoming}` : RAW.address])
  const [source, target] = await Promise.all([rawMonitor(lab.alpha), rawMonitor(lab.beta)])
  const tunnel = way === 'ssh' ? await openTunnel(lab) : null
  await Promise.all([source, target].map(prepared))
  await source.execute('migrate-set-parameters', { 'max-bandwidth': 1_250_000_000, 'downtime-limit': 300 })

  const ended = source.waitFor(
    ({ event, data }) =>
      event === 'MIGRATION' && ENDS.includes(String((data as { status?: unknown }).status)),
    { timeout: 60_000 },
  )
  const migrating = performance.now()
  await source.execute('migrate', { uri: tunnel ? `unix:${RAW.tunnel}` : RAW.address })
  await ended
  const copied = performance.now()
  const { status, 'error-desc': words } = await source.execute('query-migrate')
  if (status !== 'completed') throw new Error(`the bare migration ended ${status}: ${words ?? 'no words'}`)
  await target.execute('cont')
  const running = performance.now()
  await Promise.all([source.execute('quit'), target.close()])
  await tunnel?.close()
  const callMs = performance.now() - from
  return { setupMs: migrating - from, copyMs: copied - migrating, contMs: running - copied, callMs }
}

async function openTunnel({ alpha }: Lab): Promise<{ close(): Promise<void> }> {
  const socket = alpha.run + RAW.tunnel.slice('/run'.length)
  const way = ['-L', `${RAW.tunnel}:${RAW.incoming}`, 'beta', 'exec cat']
  const ssh = alpha.spawn(['ssh', ...SSH_OPTIONS, ...way], { stdio: ['pipe', 'ignore', 'ignore'] })
  await untilThere(socket)
  return {
    async close() {
      ssh.kill()
      await rm(socket)
    },
  }
}

/** As the driver has them, a remote command included, so that the copy itself is the same. */
const SSH_OPTIONS = ['BatchMode=yes', 'Ciphers=aes128-gcm@openssh.com', 'StreamLocalBindUnlink=yes'].flatMap(
  (option) => ['-o', option],
)

const ENDS: readonly string[] = ['completed', 'failed', 'cancelled']

async function prepared(monitor: QmpClient): Promise<void> {
  const capabilities = ['events', 'return-path'].map((capability) => ({ capability, state: true }))
  await monitor.execute('migrate-set-capabilities', { capabilities })
}

async function untilThere(path: string): Promise<void> {
  const until = performance.now() + longestWait
  while (!existsSync(path)) {
    if (performance.now() > until) throw new Error(`${path} was not made`)
    await sleep(2)
  }
}
