import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Lab, type LabHost, linuxGuest, openLab } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ALPHA, BETA, ferry, spareMonitor, stopAll, vmferry } from './lab-guest.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterEach(() => stopAll(lab))
afterAll(() => lab?.close())

/** Its name in a host's /run. */
const AGENT = 'web1.agent'

/** Starts a Linux guest on alpha, and waits until its agent answers. */
async function startWithAgent(): Promise<void> {
  const { argv } = await linuxGuest({ name: 'web1', memoryMiB: 192, agentPath: `/run/${AGENT}` })
  const started = await lab.controller.exec(vmferry('start', ALPHA, 'web1', '--', ...argv))
  if (started.code !== 0) throw new Error(`start failed: ${started.stderr}`)
  await behindMs(lab.alpha)
}

/** How far the guest's clock is behind, by what its agent says. It waits for a guest that boots. Milliseconds. */
async function behindMs({ run }: LabHost): Promise<number> {
  const socket = connect(join(run, AGENT))
  try {
    socket.write('{"execute":"guest-get-time"}\n')
    const { return: nanoseconds } = JSON.parse(await lineOf(socket)) as { return: number }
    return Date.now() - nanoseconds / 1e6
  } finally {
    socket.destroy()
  }
}

/** Has the guest stand still. */
async function pause(host: LabHost, ms: number): Promise<void> {
  const monitor = await spareMonitor(host)
  await monitor.execute('stop')
  await sleep(ms)
  await monitor.execute('cont')
  await monitor.close()
}

async function lineOf(socket: Socket): Promise<string> {
  for (let said = ''; ; ) {
    said += String((await once(socket, 'data', { signal: AbortSignal.timeout(60_000) }))[0])
    if (said.endsWith('\n')) return said
  }
}

test('a guest that stood still has its clock set at the target, by its own agent', async () => {
  await startWithAgent()
  await pause(lab.alpha, 6_000)
  expect(await behindMs(lab.alpha)).toBeGreaterThan(5_000)
  const { code, last } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live')
  expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
  // the guest's real-time clock knows whole seconds
  expect(Math.abs(await behindMs(lab.beta))).toBeLessThan(2_000)
})
