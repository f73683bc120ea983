import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LabHost } from '@vmferry/lab'
import { type QmpClient, qmp } from '@vmferry/qmp'

/** Where a QEMU of the bare sequence is found on its host. */
export const RAW = {
  monitor: '/run/raw.qmp',
  incoming: '/run/raw.in',
  tunnel: '/run/raw.tunnel',
  address: 'tcp:beta:4998',
}

const longestWait = 20_000

/** Starts a QEMU and nothing else: no record, no definition, no log. */
export function startRaw(host: LabHost, argv: readonly string[], more: readonly string[]): void {
  const monitor = ['-name', 'raw1', '-qmp', `unix:${RAW.monitor},server=on,wait=off`]
  host.spawn([...argv, ...monitor, ...more], { stdio: 'ignore', detached: true }).unref()
}

/** Its monitor, as soon as it answers. */
export async function rawMonitor(host: LabHost): Promise<QmpClient> {
  const until = performance.now() + longestWait
  for (;;) {
    const socket = connect(host.run + RAW.monitor.slice('/run'.length))
    try {
      await once(socket, 'connect')
      return await qmp(socket, { host: host.name })
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(2)
    }
  }
}
