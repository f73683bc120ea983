import { type CallOptions, isVmError, sleep } from '@vmferry/core/driver'
import type { Fence } from '@vmferry/fence'
import { tell } from '../fence/step.ts'
import { type AgentPort, agentPort, type GuestAgent, guestAgent } from '../guest/agent.ts'
import type { Definition } from '../guest/definition.ts'
import type { QemuHost } from '../qemu-host.ts'

/** Milliseconds in which an agent must have set the clock. Nobody waits for it but who closes the connection. */
const LIMIT = 8_000

/** A guest that has just begun to run tells its new QEMU in a moment that its agent has the port open. */
const LOOKS = { count: 5, pace: 200 }

/**
 * Has the guest's agent set its clock, which stood still while the guest did. A guest without an agent is left alone; one whose
 * agent is silent or refuses is warned about in the log. Never rejects.
 */
export async function setGuestClock(at: QemuHost, fence: Fence, definition: Definition): Promise<void> {
  const port = agentPort(definition.argv)
  if (!port) return
  const call = { signal: AbortSignal.timeout(LIMIT) }
  try {
    if (await listens(at, fence, port, call)) await told(at, port, call)
  } catch (error) {
    const words = isVmError(error, 'VM_ABORTED') ? 'it does not answer' : String(error)
    const { name } = at.host
    at.log.warn(`the agent of '${definition.name}' on ${name} did not set the guest's clock: ${words}`, {
      code: 'guest-clock',
      host: name,
    })
  }
}

/** Whether a program in the guest has the port open, as its QEMU knows. */
async function listens(
  { clock }: QemuHost,
  fence: Fence,
  { chardev }: AgentPort,
  call: CallOptions,
): Promise<boolean> {
  for (let look = 1; look <= LOOKS.count; look += 1) {
    const [known] = await fence.ask([tell('query-chardev')], call)
    if (known.find(({ label }) => label === chardev)?.['frontend-open']) return true
    await sleep(clock, LOOKS.pace, call.signal)
  }
  return false
}

async function told({ host, newId }: QemuHost, { path }: AgentPort, call: CallOptions): Promise<void> {
  const stream = await host.dial(path, call)
  try {
    const id = Number.parseInt(newId(), 16)
    await setClock(await guestAgent(stream, { id, host: host.name, ...call }), async () => {
      const { stdout } = await host.exec(['date', '+%s%N'], call)
      return stdout.trim()
    })
  } finally {
    stream.destroy()
  }
}

/** Nanoseconds that a clock may be off which was set a moment ago. */
const NEAR = 2e9

/** From the guest's real-time clock, which went on with the host's; where that does not work to `now`, nanoseconds since 1970. */
export async function setClock(agent: GuestAgent, now: () => Promise<string>): Promise<void> {
  try {
    await agent.execute('guest-set-time')
  } catch (error) {
    if (!isVmError(error, 'VM_PHASE_FAILED')) throw error
    await setTo(agent, now)
  }
}

/** A guest without such a clock has its time set, and then an error for the other one (measured on QEMU 7.2). */
async function setTo(agent: GuestAgent, now: () => Promise<string>): Promise<void> {
  try {
    await agent.execute('guest-set-time', `{"time":${await now()}}`)
  } catch (error) {
    if (!isVmError(error, 'VM_PHASE_FAILED')) throw error
    const off = Number(await agent.execute('guest-get-time')) - Number(await now())
    if (!(Math.abs(off) < NEAR)) throw error
  }
}
